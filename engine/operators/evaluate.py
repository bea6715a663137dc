"""The reference: what a predicate means, said as plainly as possible. Every target is held to it.

A profile is canonical: a plain dict in which missing fields are absent (null, empty lists and lists of nulls count as
missing too), dates are canonical instants, days are text, points are `{"lat", "lon"}`.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from ..ir.binding import bind_instant
from ..ir.instant import format_instant, parse_instant
from ..ir.predicate import (
    AllOf,
    AnyOf,
    Constant,
    Element,
    Events,
    EventSequence,
    InList,
    Leaf,
    Not,
    Now,
    Predicate,
    Step,
)
from .aggregates import aggregate
from .registry import CORE

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a predicate is asked about.

    `events` are canonical (`{"type", "time", "data"}`) in event order, that is by time, ties in the order they came in;
    `lists` are the MemberLists by name; `key_field` is the profile's key.
    """

    profile: Mapping[str, Any]
    events: Sequence[Event] = ()
    lists: Mapping[str, Container[str]] = field(default_factory=dict)
    key_field: str = "customer_id"


def evaluate(predicate: Predicate, subject: Subject, now_ms: int) -> bool:  # noqa: PLR0911 - one case for each class
    """Whether the predicate holds for the subject when the clock says `now_ms`."""
    match predicate:
        case Constant(value):
            return value
        case AllOf(items):
            return all(evaluate(item, subject, now_ms) for item in items)
        case AnyOf(items):
            return any(evaluate(item, subject, now_ms) for item in items)
        case Not(item):
            return not evaluate(item, subject, now_ms)
        case Leaf():
            operator = CORE[predicate.op]
            values = present_values(subject.profile, predicate.field)
            return any(operator.holds(predicate, value, now_ms) for value in values)
        case Element(of, item):
            elements = present_values(subject.profile, of)
            return any(evaluate(item, Subject(element), now_ms) for element in elements)
        case InList(name):
            return subject.profile.get(subject.key_field) in subject.lists[name]
        case Events():
            return _events(predicate, subject.events, now_ms)
        case EventSequence():
            return _sequence(predicate, subject.events, now_ms)
    assert_never(predicate)


def present_values(data: Mapping[str, Any], path: str) -> list[Any]:
    """The values at a dotted path, lists opened, without what is missing."""
    head, _, rest = path.partition(".")
    value = data.get(head)
    items: Sequence[Any] = value if isinstance(value, list | tuple) else [value]
    found = [item for item in items if _present(item)]
    if not rest:
        return found
    return [inner for item in found for inner in present_values(item, rest)]


def _present(value: Any) -> bool:
    """Null is missing, and so is what holds nothing but missing values; empty text is a value."""
    if isinstance(value, list | tuple):
        return any(_present(item) for item in value)
    if isinstance(value, Mapping):
        return any(_present(item) for item in value.values())
    return value is not None


def _events(predicate: Events, events: Sequence[Event], now_ms: int) -> bool:
    """Whether the aggregate satisfies the test; a missing aggregate is a missing `value`."""
    counted = [
        event
        for event in _in_window(events, predicate.within, now_ms)
        if _is(event, predicate.type, predicate.where, now_ms)
    ]
    if predicate.field is None:
        values: list[Any] = [True] * len(counted)
    else:
        values = [value for event in counted for value in _field_values(event, predicate.field)]
    result = aggregate(predicate.aggregate, values)
    return evaluate(predicate.test, Subject({"value": result}), now_ms)


def _in_window(events: Sequence[Event], within: Now | None, now_ms: int) -> list[Event]:
    """The events that are not after now and, with a window, not before its start."""
    now = format_instant(now_ms)
    since = "" if within is None else bind_instant(within, now_ms)
    return [event for event in events if since <= event["time"] <= now]


def _is(event: Event, kind: str, where: Predicate | None, now_ms: int) -> bool:
    return event["type"] == kind and (where is None or evaluate(where, Subject(event["data"]), now_ms))


def _field_values(event: Event, path: str) -> list[Any]:
    return [event["time"]] if path == "time" else present_values(event["data"], path)


def _sequence(predicate: EventSequence, events: Sequence[Event], now_ms: int) -> bool:
    """Whether events match the steps in order, each later in event order than the one before."""
    window = _in_window(events, predicate.within, now_ms)
    times = [parse_instant(event["time"]) for event in window]
    ends: list[int] | None = None  # where the steps so far can end
    for step in predicate.steps:
        matching = [index for index, event in enumerate(window) if _is(event, step.type, step.where, now_ms)]
        if ends is not None:
            matching = [index for index in matching if any(_follows(times, end, index, step) for end in ends)]
        ends = matching
    return bool(ends)


def _follows(times: Sequence[int], before: int, index: int, step: Step) -> bool:
    return before < index and (step.within is None or times[index] - times[before] <= step.within)
