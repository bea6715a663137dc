"""Experiments that assign differently: what differs, and how many units get another arm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from ...ir.graph import Arm, Experiment, Phase
from ...operators.wording import ppm_percent
from .change import Change, Detail
from .sameness import find_renames, meaning

Deal = Callable[[Experiment, Sequence[str], str], Sequence[str | None]]
"""The arms that units get from an experiment at a canonical instant; None outside of it."""

STOPS = "it was running and stops; all units go the way of units outside the experiment"
UNITS = 10_000  # synthetic units, used to measure the share that gets another arm


def experiment_changes(
    before: Mapping[str, Experiment], after: Mapping[str, Experiment], now: str, deal: Deal
) -> Iterator[Change]:
    """A change for each experiment that is added, removed, renamed or assigns differently."""
    old = {name: _apart_from_salt(experiment) for name, experiment in before.items()}
    new = {name: _apart_from_salt(experiment) for name, experiment in after.items()}
    names = find_renames(old, new)
    for name, was in names.items():
        yield _change("renamed", before[was], after[name], now, deal, was=was)
    for name in sorted(new.keys() - old.keys() - names.keys()):
        details = tuple(_details("+", after[name]))
        yield Change("experiments", "added", f"experiment/{name}", details)
    for name in sorted(old.keys() - new.keys() - set(names.values())):
        warnings = (STOPS,) if running(before[name], now) else ()
        yield Change(
            "experiments", "removed", f"experiment/{name}", tuple(_details("-", before[name])), warnings=warnings
        )
    for name in sorted(old.keys() & new.keys()):
        if _meaning(before[name]) != _meaning(after[name]):
            yield _change("changed", before[name], after[name], now, deal)


def _meaning(experiment: Experiment) -> bytes:
    """The meaning of an experiment; the order of arms does not matter."""
    phases = tuple(replace(phase, arms=tuple(sorted(phase.arms, key=_arm_name))) for phase in experiment.phases)
    return meaning(replace(experiment, phases=phases))


def _arm_name(arm: Arm) -> str:
    return arm.name


def _apart_from_salt(experiment: Experiment) -> bytes:
    """The meaning of an experiment, without its name and the salts derived from it."""
    phases = tuple(replace(phase, salt="") for phase in experiment.phases)
    return _meaning(replace(experiment, name="", phases=phases, holdout_salt=""))


def _change(action: str, before: Experiment, after: Experiment, now: str, deal: Deal, was: str = "") -> Change:
    details = tuple(experiment_differences(before, after))
    moved = moved_share(before, after, now, deal) if details or was else None
    return Change(
        "experiments",
        "renamed" if action == "renamed" else "changed",
        f"experiment/{after.name}",
        details,
        was,
        warnings=tuple(_warnings(before, after, now)),
        moved=moved,
    )


def running(experiment: Experiment, now: str) -> Phase | None:
    """The phase that runs at a canonical instant, None outside all phases."""
    found = None
    for phase in experiment.phases:
        if phase.starts is None or phase.starts <= now:
            found = phase
    return found if found is not None and (found.ends is None or now < found.ends) else None


def moved_share(before: Experiment, after: Experiment, now: str, deal: Deal) -> float | None:
    """The share of synthetic units that get another arm: now, or at the next start if neither runs; or None."""
    if running(before, now) is None and running(after, now) is None:
        starts = [
            phase.starts for each in (before, after) for phase in each.phases if phase.starts and phase.starts > now
        ]
        if not starts:
            return None
        now = min(starts)
    units = [f"unit-{number}" for number in range(UNITS)]
    old, new = deal(before, units, now), deal(after, units, now)
    return sum(one != other for one, other in zip(old, new, strict=True)) / UNITS


def experiment_differences(before: Experiment, after: Experiment) -> Iterator[Detail]:
    """The differences between two experiments."""
    old, new = dict(_settings(before)), dict(_settings(after))
    for what in [*old, *(what for what in new if what not in old)]:
        if what not in new:
            yield Detail("-", f"{what}: {old[what]}")
        elif what not in old:
            yield Detail("+", f"{what}: {new[what]}")
        elif old[what] != new[what]:
            yield Detail("~", f"{what}: {old[what]} → {new[what]}")


def _settings(experiment: Experiment) -> Iterator[tuple[str, str]]:
    yield "unit", experiment.unit
    yield "control", experiment.control
    yield "layer", "none" if experiment.layer is None else experiment.layer.name
    if experiment.layer is not None:
        yield "layer salt", experiment.layer.salt
        yield "layer holdout", ppm_percent(experiment.layer.holdout)
        yield "slots", ", ".join(f"{low:,}–{high:,}" for low, high in experiment.slots)
    yield "holdout", ppm_percent(experiment.holdout)
    if experiment.holdout:
        yield "holdout salt", experiment.holdout_salt
    yield "sticky", "yes" if experiment.sticky else "no"
    several = len(experiment.phases) > 1
    for phase in experiment.phases:
        prefix = f"phase {phase.number} " if several else ""
        arms = sorted(phase.arms, key=_arm_name)
        yield f"{prefix}weights", ", ".join(f"{arm.name} {ppm_percent(arm.weight)}" for arm in arms)
        yield f"{prefix}coverage", ppm_percent(phase.coverage)
        yield f"{prefix}salt", phase.salt
        yield f"{prefix}starts", phase.starts or "always"
        yield f"{prefix}ends", phase.ends or "never"


def _details(sign: str, experiment: Experiment) -> Iterator[Detail]:
    for what, text in _settings(experiment):
        if text not in {"none", "no", "0 %", "always", "never"} and not what.endswith("salt"):
            yield Detail("+" if sign == "+" else "-", f"{what}: {text}")


def _warnings(before: Experiment, after: Experiment, now: str) -> Iterator[str]:
    """Warnings about changes that distort a running experiment."""
    old, new = running(before, now), running(after, now)
    if old is None:
        return
    if new is None:
        yield STOPS
        return
    if before.unit != after.unit:
        units = f"{before.unit} to {after.unit}"
        yield f"it is running, and its unit changes from {units}: results so far become invalid"
    if old.salt != new.salt and old.number == new.number:
        yield "it is running, and its salt changes: all units are assigned again, and results so far become invalid"
    gone = {arm.name for arm in old.arms if arm.weight} - {arm.name for arm in new.arms if arm.weight}
    if gone:
        yield f"it is running, and {', '.join(sorted(gone))} is gone: its units get other arms"
    elif old.number == new.number and old.salt == new.salt and (old.arms, old.coverage) != (new.arms, new.coverage):
        yield "it is running, and its weights or coverage change without a new phase: results from before and after mix"
