"""One field of a profile changes: which of 10,000 segments are entered and left, against matching all of them anew."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from engine.ir.instant import format_instant
from engine.ir.predicate import AllOf, Bounds, Events, Leaf, Now, Predicate
from engine.ir.types import Aggregate, Catalogue, Field
from engine.runtime.flips import Schedule
from engine.runtime.matcher import Matcher
from engine.runtime.matcher.delta import Delta
from engine.runtime.matcher.delta_index import reader

from . import segments_ir
from .timing import Goal, Result, show, timed
from .workload import NOW_MS, RANGED, USED, Profile, profiles, segments

SIZE = 10_000
SUBJECTS = 100
GOAL = 10.0
NAMES = "the moved names alone"
DAY_MS = 86_400_000
WINDOWS = (1, 7, 14, 30, 60, 90, 180, 365)  # days
HISTORIES = (0, 10, 100, 1_000)


@dataclass(frozen=True, slots=True)
class Change:
    """A profile before and after, and the segments before."""

    old: Profile
    new: Profile
    was: frozenset[str]


class Bench:
    """The two ways, over the same segments, asked about customers with the same history."""

    def __init__(self, named: Sequence[tuple[str, Predicate]], events: Sequence[Mapping[str, Any]] = ()) -> None:
        self.events = events
        self.match = Matcher(named, {}, "customer_id").match
        self.delta = Delta(named, {}, "customer_id")
        self.delta.prepare()

    def ours(self, change: Change, fields: tuple[str]) -> tuple[list[str], list[str]]:
        """Only what mentions the field."""
        return self.delta.moves(
            change.old, change.new, NOW_MS, self.events, fields=fields, was=change.was, as_of_now=True
        )

    def anew(self, change: Change) -> tuple[list[str], list[str]]:
        """Everything, compared with what was."""
        now = set(self.match(change.new, NOW_MS, self.events))
        return sorted(now - change.was), sorted(change.was - now)

    def measured(self, field: str, changes: Sequence[Change]) -> Result:
        """The times of one field."""
        names = (field,)
        moved = [self.ours(change, names) for change in changes]
        assert moved == [self.anew(change) for change in changes]
        ways = {
            "ours": lambda: [self.ours(change, names) for change in changes],
            "matching all and comparing": lambda: [self.anew(change) for change in changes],
            "matching all": lambda: [self.match(change.new, NOW_MS, self.events) for change in changes],
            NAMES: self._naming(field, moved),
        }
        found = fmean(len(entered) + len(left) for entered, left in moved)
        return Result(f"{field} ({found:.1f} moves)", timed(ways, units=len(changes), rounds=15, least=0.004))

    def _naming(self, field: str, moved: Sequence[tuple[list[str], list[str]]]) -> Callable[[], object]:
        """The least that any way takes here: the answers are known, as masks, and only their names are read."""
        names = sorted(self.delta.mentions([field]))
        bit = {name: 1 << place for place, name in enumerate(reversed(names))}
        masks = [
            (sum(bit[name] for name in entered + left), sum(bit[name] for name in entered)) for entered, left in moved
        ]
        read = reader(names)
        assert [read(*each) for each in masks] == moved
        return lambda: [read(differing, gained) for differing, gained in masks]

    def table(self, heading: str, *, stepwise: bool) -> bool:
        """Print the times of every field and their mean; whether the goal is reached."""
        results = [self.measured(field, self._changes(field, stepwise=stepwise)) for field in USED]
        mean = {way: fmean(result.seconds[way] for result in results) for way in results[0].seconds}
        return show(heading, [*results, Result("mean of the fields", mean, [Goal(GOAL, "matching all")])])

    def _changes(self, field: str, *, stepwise: bool) -> list[Change]:
        source = random.Random(f"live {field}")
        values = sorted({subject[field] for subject in profiles(4_000)}) if field in RANGED else []
        found = []
        for old in profiles(SUBJECTS):
            value = source.choice(profiles(4_000))[field]
            if stepwise and values:
                value = values[min(values.index(old[field]) + 1, len(values) - 1)]
            if value != old[field]:
                was = frozenset(self.match(old, NOW_MS, self.events))
                found.append(Change(old, {**old, field: value}, was))
        return found


def run() -> bool:
    """Print the tables; whether the goals are reached."""
    named = segments_ir.named(segments(SIZE))
    bench = Bench(named)
    replaced = bench.table(f"{SIZE:,} segments: one field takes another customer's value", stepwise=False)
    stepped = bench.table("The same, numbers and instants going up by one step", stepwise=True)
    bought = Bench(_behaving(named), _person(random.Random("history"), 50)[1])
    behaving = bought.table("The same, three in ten segments asking about purchases besides", stepwise=True)
    _schedule()
    return replaced and stepped and behaving


def _behaving(named: Sequence[tuple[str, Predicate]]) -> list[tuple[str, Predicate]]:
    source = random.Random("behaviour")
    return [
        (name, AllOf((predicate, _bought(source))) if source.random() < 0.3 else predicate) for name, predicate in named
    ]


def _schedule() -> None:
    """How long it takes to tell when time alone may next change something, by the length of the history."""
    source = random.Random("schedule")
    predicates = {f"s{number}": AllOf(tuple(_clocked(source) for _ in range(3))) for number in range(1_000)}
    window = Aggregate("purchase", "count", within=30 * DAY_MS)
    schedule = Schedule(predicates, Catalogue("bench", "customer_id", (Field("n", "integer", source=window),)))
    results = []
    for length in HISTORIES:
        people = [_person(source, length) for _ in range(SUBJECTS)]
        ways = {
            "ours": lambda people=people: [
                schedule.next(profile, events, NOW_MS + index) for index, (profile, events) in enumerate(people)
            ]
        }
        results.append(Result(f"{length:,} events", timed(ways, units=SUBJECTS, rounds=15)))
    show("When time alone may next change one of 1,000 segments", results)


def _clocked(source: random.Random) -> Predicate:
    days = source.randint(1, 365)
    if source.random() < 0.3:
        return Leaf("at", "range", Bounds(Now(-days * DAY_MS), Now()), "date")
    if source.random() < 0.3:
        return Leaf("at", "range", Bounds(Now(-days, "days", "Europe/Berlin"), Now()), "date")
    return _bought(source)


def _bought(source: random.Random) -> Predicate:
    many = Leaf("value", "range", Bounds(source.randint(1, 5)), "integer")
    return Events("purchase", "count", many, within=Now(-source.choice(WINDOWS) * DAY_MS))


def _person(source: random.Random, length: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    times = sorted(NOW_MS - source.randint(0, 400 * DAY_MS) for _ in range(length))
    kinds = ("purchase", "visit")
    events = [{"type": source.choice(kinds), "time": format_instant(time), "data": {}} for time in times]
    return {"customer_id": "c", "at": format_instant(NOW_MS - source.randint(0, 400 * DAY_MS))}, events


if __name__ == "__main__":
    sys.exit(0 if run() else 1)
