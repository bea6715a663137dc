"""Which arm a unit gets, and why: holdout, layer, a remembered arm, coverage, then the hash.

An arm's score is `-ln(u) / weight`; the least wins, so that arms get exactly their weights' shares and a change of
weights moves only the units that it must (weighted rendezvous hashing: Thaler and Ravishankar 1998, Schindelhauer and
Schomaker 2005). `math.log` may differ in its last bit between C libraries: that decides only where two scores are
closer than about 1e-16 of their size, fewer than one unit in 10^14; equal scores go to the lesser arm id.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import Any, Literal, NamedTuple, TypeAlias

from ..ir.graph import PPM, Experiment, Phase
from .hashing import BITS, encode_part, hash53, ppm_of

Reason: TypeAlias = Literal[
    "assigned",
    "sticky",
    "forced",
    "holdout",
    "not_in_layer",
    "not_in_coverage",
    "not_running",
    "no_unit",
    "unavailable",
]
_SCALE = float(1 << BITS)


class Assignment(NamedTuple):
    """The arm, or None outside the experiment; why; and the number of the phase that decided (0: none runs)."""

    arm: str | None
    reason: Reason
    phase: int = 0


class _Dealer:
    """One phase with its hashed text prepared: only the unit and the arm are missing."""

    __slots__ = ("arms", "coverage", "coverage_prefix", "ends", "number", "phase", "prefix", "starts")

    def __init__(self, phase: Phase, unit_type: str) -> None:
        common = encode_part(phase.salt) + encode_part(unit_type)
        self.phase = phase
        self.number = phase.number
        self.starts = phase.starts or ""
        self.ends = phase.ends
        self.coverage = phase.coverage
        self.coverage_prefix = encode_part("coverage") + common
        self.prefix = encode_part("arm") + common
        weighted = sorted((arm.name, arm.weight) for arm in phase.arms if arm.weight > 0)
        self.arms = [(name, encode_part(name), weight) for name, weight in weighted]

    def pick(self, unit: bytes) -> str | None:
        """The arm with the least score; None when no arm has a weight."""
        best, least = None, 0.0
        start = self.prefix + unit
        for name, suffix, weight in self.arms:
            score = -log((hash53(start + suffix) + 1) / _SCALE) / weight
            if best is None or score < least:
                best, least = name, score
        return best

    def scores(self, unit: bytes) -> dict[str, Any]:
        """`u` and score of every arm that has a weight."""
        found = {}
        for name, suffix, weight in self.arms:
            u = (hash53(self.prefix + unit + suffix) + 1) / _SCALE
            found[name] = {"u": u, "weight": weight, "score": -log(u) / weight}
        return found


class Assigner:
    """Assigns units to the arms of one experiment."""

    __slots__ = ("_dealers", "_experiment", "_gates", "_layer")

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._dealers = [_Dealer(phase, experiment.unit) for phase in experiment.phases]
        kind = encode_part(experiment.unit)
        layer = experiment.layer
        self._gates: list[tuple[bytes, int]] = []
        for salt, share in (
            (layer.salt, layer.holdout) if layer else ("", 0),
            (experiment.holdout_salt, experiment.holdout),
        ):
            if share:
                self._gates.append((encode_part("holdout") + encode_part(salt) + kind, share))
        self._layer = encode_part("layer") + encode_part(layer.salt) + kind if layer else None

    def dealer(self, now: str) -> _Dealer | None:
        """The phase that runs at an instant (canonical text)."""
        running = None
        for each in self._dealers:
            if each.starts <= now:
                running = each
        return running if running and (running.ends is None or now < running.ends) else None

    def assign(self, unit: str | None, now: str, sticky: Mapping[str, Any] | None = None) -> Assignment:
        """The unit's arm; `sticky` is what was remembered of it: `{"arm", "phase"}` (0: some phase)."""
        dealer = self.dealer(now)
        if dealer is None:
            return Assignment(None, "not_running")
        if not unit:
            return Assignment(None, "no_unit", dealer.number)
        text = encode_part(unit)
        for prefix, share in self._gates:
            if ppm_of(hash53(prefix + text)) < share:
                return Assignment(None, "holdout", dealer.number)
        if self._layer is not None and not self._owns(ppm_of(hash53(self._layer + text))):
            return Assignment(None, "not_in_layer", dealer.number)
        if sticky is not None and self._keeps(dealer, sticky):
            return Assignment(sticky["arm"], "sticky", dealer.number)
        if dealer.coverage < PPM and ppm_of(hash53(dealer.coverage_prefix + text)) >= dealer.coverage:
            return Assignment(None, "not_in_coverage", dealer.number)
        arm = dealer.pick(text)
        return Assignment(arm, "assigned" if arm else "not_in_coverage", dealer.number)

    def _owns(self, slot: int) -> bool:
        return any(low <= slot < high for low, high in self._experiment.slots)

    def _keeps(self, dealer: _Dealer, sticky: Mapping[str, Any]) -> bool:
        """Whether a remembered arm still counts: it has a weight now, and no new salt dealt the units out again."""
        if all(name != sticky.get("arm") for name, _, _ in dealer.arms):
            return False
        number = sticky.get("phase") or dealer.number
        earlier = next((each for each in self._dealers if each.number == number), None)
        return earlier is not None and earlier.phase.salt == dealer.phase.salt

    def explain(self, unit: str, now: str) -> dict[str, Any]:
        """The numbers behind an assignment: holdout and coverage places, layer slot, each arm's `u` and score."""
        text, dealer = encode_part(unit), self.dealer(now)
        found: dict[str, Any] = {}
        if self._gates:
            found["holdout"] = [ppm_of(hash53(prefix + text)) for prefix, _ in self._gates]
        if self._layer is not None:
            found["slot"] = ppm_of(hash53(self._layer + text))
        if dealer is not None:
            if dealer.coverage < PPM:
                found["coverage"] = ppm_of(hash53(dealer.coverage_prefix + text))
            found["arms"] = dealer.scores(text)
        return found


class NativeAssigner:
    """The assigner of a program's experiments, as the interpreter asks for it."""

    __slots__ = ("_assigners",)

    def __init__(self, experiments: Mapping[str, Experiment]) -> None:
        self._assigners = {name: Assigner(experiment) for name, experiment in experiments.items()}

    def assign(
        self, experiment: str, unit: str | None, now: str, sticky: Mapping[str, Any] | None = None
    ) -> Assignment:
        """The unit's arm in that experiment."""
        return self._assigners[experiment].assign(unit, now, sticky)

    def explain(self, experiment: str, unit: str, now: str) -> dict[str, Any]:
        """The numbers behind it."""
        return self._assigners[experiment].explain(unit, now)


def assign(experiment: Experiment, unit: str | None, now: str, sticky: Mapping[str, Any] | None = None) -> Assignment:
    """The unit's arm in one experiment; for many units keep an `Assigner`."""
    return Assigner(experiment).assign(unit, now, sticky)


def explain(experiment: Experiment, unit: str, now: str) -> dict[str, Any]:
    """The numbers behind an assignment."""
    return Assigner(experiment).explain(unit, now)
