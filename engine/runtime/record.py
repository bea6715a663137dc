"""The log of one decision: answers and their sources, assignments, picks, and writes.

The lists become parts of the decision: plain JSON data, and the values of what is to be written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..ir.graph import Experiment
from .needs import (
    Choose,
    CountUses,
    Got,
    Need,
    Predict,
    ReadFeatures,
    Recall,
    accept_answer,
    declared_values,
    fallback_of,
)
from .ports import Assigner
from .trace import REDACTED
from .writes import CapUse, Exposure, PendingReward, StickyArm, Write

Entry = dict[str, Any]


class Log:
    """The growing parts of one decision."""

    __slots__ = (
        "_answers",
        "_assigner",
        "_forced",
        "_taken",
        "_used",
        "bandits",
        "decision_id",
        "experiments",
        "models",
        "now",
        "tape",
        "writes",
    )

    def __init__(self, decision_id: str, now: str, assigner: Assigner | None, forced: Mapping[str, str]) -> None:
        self.decision_id = decision_id
        self.now = now
        self.experiments: list[Entry] = []
        self.bandits: list[Entry] = []
        self.models: list[Entry] = []
        self.tape: list[Entry] = []
        self.writes: list[Write] = []
        self._assigner = assigner
        self._forced = forced
        self._answers: dict[Need, Got] = {}
        self._taken: dict[Need, Got] = {}
        self._used: dict[tuple[str, str], int] = {}

    def unanswered_needs(self, needs: Sequence[Need | None]) -> tuple[Need, ...]:
        """The needs without an answer so far, each once."""
        return tuple(dict.fromkeys([need for need in needs if need is not None and need not in self._answers]))

    def store_answers(self, needs: Sequence[Need], answers: Sequence[Got]) -> None:
        """Store the driver's answers; a driver may leave the read plan unanswered."""
        self._answers.update(zip(needs, answers, strict=False))

    def take(self, node: str, need: Need) -> Got:
        """The answer to a need, checked; the first time, it goes on the tape."""
        got = self._taken.get(need)
        if got is None:
            got = accept_answer(need, self._answers[need])
            self._taken[need] = got
            self.tape.append({"node": node, "kind": need.kind, "name": need.name, **got._asdict()})
        return got

    def features(self, node: str, need: ReadFeatures | None, defaults: Sequence[tuple[str, Any]]) -> Got:
        """The features of a view; a feature without a value has its default."""
        known = declared_values(defaults)
        if need is None:
            return Got(known, "fallback")
        got = self.take(node, need)
        return Got({**known, **got.value}, got.status, got.version)

    def predict(self, node: str, need: Predict) -> Got:
        """A model's outputs."""
        got = self.take(node, need) if need.complete else fallback_of(need, "fallback")
        self.models.append({"model": need.model, "version": got.version or need.version, "status": got.status})
        return got

    def recall(self, node: str, need: Recall | None) -> Mapping[str, Any] | None:
        """The arm that the unit had before, with its phase; None without one."""
        remembered: Mapping[str, Any] | None = None if need is None else self.take(node, need).value
        return remembered

    def choose(self, node: str, need: Choose) -> Got:
        """The picked arm with its probability and the distribution; without unit or arms, the fallback."""
        got = self.take(node, need) if need.unit and need.arms else fallback_of(need, "fallback")
        if got.value is None:
            self.bandits.append({"bandit": need.bandit, "arm": None, "status": got.status})
            return got
        choice = got.value
        self.bandits.append({"bandit": need.bandit, **choice, "status": got.status, "version": got.version})
        picked = {"arm": choice["arm"], "probability": choice["probability"]}
        if need.unit:
            about = (self.decision_id, self.now, need.bandit, need.unit_type, need.unit)
            self.writes.append(PendingReward(*about, choice["arm"], choice["probability"], got.version))
        return Got(picked, got.status, got.version)

    def count_uses(self, node: str, need: CountUses | None) -> Got:
        """How often a key was used, by this decision included."""
        if need is None:
            return Got(0, "fallback")
        got = self.take(node, need)
        return got._replace(value=got.value + self._used.get((need.key, need.unit), 0))

    def uses(self, need: CountUses) -> None:
        """Record one more use; the cap counts it once the answer is known."""
        self._used[need.key, need.unit] = self._used.get((need.key, need.unit), 0) + 1
        self.writes.append(CapUse(self.decision_id, self.now, need.key, need.unit, need.within))

    def assign(
        self, experiment: Experiment, unit: str | None, remembered: Mapping[str, Any] | None
    ) -> tuple[str | None, str, int]:
        """The unit's arm: forced or assigned. Notes the exposure and a sticky arm as writes."""
        name = experiment.name
        forced = self._forced.get(name)
        if forced is not None and forced in experiment.arms:
            dealt: tuple[str | None, str, int] = (forced, "forced", 0)
        elif self._assigner is None:
            dealt = (None, "unavailable", 0)
        else:
            dealt = self._assigner.assign(name, unit, self.now, remembered)
        arm, reason, phase = dealt
        self.experiments.append({"experiment": name, "arm": arm, "reason": reason, "phase": phase})
        if arm is not None and unit is not None and reason != "forced":
            about = (self.decision_id, self.now, name, experiment.unit, unit, arm, phase)
            self.writes.append(Exposure(*about))
            if experiment.sticky and reason != "sticky":
                self.writes.append(StickyArm(*about))
        return dealt

    def explain(self, experiment: str, unit: str | None, private: bool) -> Entry | None:  # noqa: FBT001 - generated code
        """The numbers behind an assignment, for a trace.

        They are hashes of the unit. A personal unit could be found from them by trying, so they are withheld with it.
        """
        if private:
            return {"unit": REDACTED}
        if self._assigner is None or not unit:
            return None
        return {"unit": unit, **self._assigner.explain(experiment, unit, self.now)}
