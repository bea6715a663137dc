"""Behaviour over a customer's events; each aggregate is computed once per call."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...ir.instant import parse_instant
from ...ir.predicate import Events, EventSequence, Now
from ...operators.aggregates import aggregate
from .moment import Event, Moment

Check = Callable[[Mapping[str, Any], Moment], bool]
MISSING = object()
SCALARS = frozenset({str, int, float, bool})
FEW = 24  # events that are looked at one by one; of more the window is searched, as they are in order of time


def aggregate_check(predicate: Events, where: Check | None, test: Check, question: int) -> Check:
    """Whether the aggregate over the counted events satisfies `test`, which reads it as `value`.

    `question` is the number of what is aggregated: predicates that differ in their test alone share the answer.
    """

    def check(_profile: Mapping[str, Any], moment: Moment) -> bool:
        found = moment.answers.get(question, MISSING)
        if found is MISSING:
            found = moment.answers[question] = aggregate_of(predicate, where, moment)
        return test({"value": found}, moment)

    return check


def aggregate_of(predicate: Events, where: Check | None, moment: Moment) -> Any:
    """The aggregate over the counted events, None where it is missing."""
    counted = _counted_events(predicate, where, moment)
    values = [True] * len(counted) if predicate.field is None else _values(counted, predicate.field)
    return aggregate(predicate.aggregate, values)


def _counted_events(predicate: Events, where: Check | None, moment: Moment) -> list[Event]:
    kind = predicate.type
    window = _window(predicate.within, moment)
    if where is None:
        return [event for event in window if event["type"] == kind]
    return [event for event in window if event["type"] == kind and where(event["data"], moment)]


def _window(within: Now | None, moment: Moment) -> Sequence[Event]:
    now = moment.clock.now()
    since = "" if within is None else moment.clock.instant(within)
    if len(moment.events) > FEW:
        first = bisect_left(moment.events, since, key=_time)
        return moment.events[first : bisect_right(moment.events, now, first, key=_time)]
    return [event for event in moment.events if since <= event["time"] <= now]


def _time(event: Event) -> str:
    time: str = event["time"]
    return time


def _values(events: Sequence[Event], path: str) -> list[Any]:
    from ...operators.evaluate import present_values

    if path == "time":
        return [event["time"] for event in events]
    if "." in path:
        return [value for event in events for value in present_values(event["data"], path)]
    found = []
    for event in events:
        value = event["data"].get(path)
        if type(value) in SCALARS:
            found.append(value)
        elif value is not None:
            found.extend(present_values(event["data"], path))
    return found


def sequence_check(predicate: EventSequence, wheres: Sequence[Check | None], question: int) -> Check:
    """Whether events match the steps in order, each later in event order than the one before."""

    def check(_profile: Mapping[str, Any], moment: Moment) -> bool:
        found = moment.answers.get(question)
        if found is None:
            found = moment.answers[question] = _matches_steps(predicate, wheres, moment)
        return bool(found)

    return check


def _matches_steps(predicate: EventSequence, wheres: Sequence[Check | None], moment: Moment) -> bool:
    window = _window(predicate.within, moment)
    ends: list[int] | None = None  # positions at which the steps so far can end, rising
    for step, where in zip(predicate.steps, wheres, strict=True):
        matching = [
            index
            for index, event in enumerate(window)
            if event["type"] == step.type and (where is None or where(event["data"], moment))
        ]
        if ends is not None:
            matching = _following(window, ends, matching, step.within)
        if not matching:
            return False
        ends = matching
    return bool(ends)


def _following(window: Sequence[Event], ends: list[int], matching: list[int], within: int | None) -> list[int]:
    """The matching positions that come after an end, near enough to the latest such end; events are in time order."""
    found = []
    for index in matching:
        place = bisect_left(ends, index)
        if place and (within is None or _ms_between(window[ends[place - 1]], window[index]) <= within):
            found.append(index)
    return found


def _ms_between(earlier: Event, later: Event) -> int:
    return parse_instant(later["time"]) - parse_instant(earlier["time"])
