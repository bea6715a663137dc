"""A profile as its events make it: the fields they set and the aggregates over them, as of one instant."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from ..ir.instant import format_instant
from ..ir.types import Aggregate, Catalogue, Field
from ..operators.aggregates import aggregate
from ..operators.values import canonical
from ..runtime.border import SET

Event = Mapping[str, Any]
Sets = tuple[tuple[str, str], ...]


def event_order(events: Sequence[Event]) -> list[Event]:
    """The events by event time; ties keep the order in which they came in."""
    return sorted(events, key=_time)


def fold(catalogue: Catalogue, key: str, events: Sequence[Event], now_ms: int) -> dict[str, Any]:
    """The canonical profile of `key` from its canonical events in event order; events after now do not count."""
    known = events[: after(events, now_ms)]
    profile: dict[str, Any] = {catalogue.key: key}
    _set_latest(profile, {event.name: event.sets for event in catalogue.events}, known)
    for field in catalogue.fields:
        if field.name in profile:
            profile[field.name] = _held(field, profile[field.name])
    for field in catalogue.fields:
        if field.source is not None:
            value = aggregated(field.source, known, now_ms)
            if value is not None:
                profile[field.name] = _held(field, value)
    return profile


def fold_windows(fields: Sequence[Field], events: Sequence[Event], now_ms: int) -> dict[str, Any]:
    """The values of aggregates of events in windows, by field, None where missing; as `fold` has them."""
    if not fields:
        return {}
    known = events[: after(events, now_ms)]
    found: dict[str, Any] = {}
    for field in fields:
        value = None if field.source is None else aggregated(field.source, known, now_ms)
        found[field.name] = None if value is None else _held(field, value)
    return found


def _held(field: Field, value: Any) -> Any:
    """An event's value as the profile field holds it: a whole number as a double, a keyword in the field's letters."""
    if field.type == "number" and not field.many:
        return float(value)
    if field.normalize is None:
        return value
    if isinstance(value, list):
        return [canonical(field, each) for each in value]
    return canonical(field, value)


def aggregated(source: Aggregate, events: Sequence[Event], now_ms: int) -> Any:
    """The aggregate's value over canonical events in event order, none of them after now; None when missing."""
    since = None if source.within is None else format_instant(now_ms - source.within)
    own = [event for event in events if event["type"] == source.event and (since is None or event["time"] >= since)]
    if source.field is None:
        return aggregate(source.aggregate, [True] * len(own))
    values = [value_of(event, source.field) for event in own]
    return aggregate(source.aggregate, [value for value in values if value is not None])


def _set_latest(profile: dict[str, Any], sets: Mapping[str, Sets], events: Sequence[Event]) -> None:
    """The latest value of each field, by an event that sets it or set directly; what was cleared is missing."""
    decided: set[str] = set()
    directly = any(event["type"] == SET for event in events)
    targets = len({target for pairs in sets.values() for target, _source in pairs})
    for event in reversed(events):
        if not directly and len(decided) == targets:
            return
        if event["type"] == SET:
            for target, value in event["data"].items():
                if target not in decided:
                    decided.add(target)
                    if value is not None:
                        profile[target] = value
            continue
        for target, source in sets.get(event["type"], ()):  # its type may no longer be declared
            if target not in decided:
                value = value_of(event, source)
                if value is not None:
                    profile[target] = value
                    decided.add(target)


def value_of(event: Event, field: str) -> Any:
    """What an event says of a field of its own or, as `time`, when it happened; None where it says nothing."""
    return event["time"] if field == "time" else event["data"].get(field)


def after(events: Sequence[Event], now_ms: int) -> int:
    """The place of the first event, in event order, that lies in the future of now."""
    return bisect_right(events, format_instant(now_ms), key=_time)


def _time(event: Event) -> str:
    time: str = event["time"]
    return time
