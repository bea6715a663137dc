"""Computed profile fields: which values of the events count, and how they are aggregated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ..ir.instant import format_instant
from ..ir.types import EventType, Field
from ..operators.aggregates import aggregate
from .border import admitting

Event = Mapping[str, Any]

TIME: Final = Field("time", "date")
_CHOOSING: Final = frozenset(("first", "last", "min", "max"))  # their result is one of the values
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {"number": (float, int), "integer": (int,), "boolean": (bool,)}


def value_of(event: Event, field: str) -> Any:
    """An event's value of one of its fields or, for `time`, when it happened; None if it has none."""
    return event["time"] if field == "time" else event["data"].get(field)


class Computed:
    """A field that aggregates events, prepared for repeated computation.

    A value that the field may not hold counts as missing: one that an aggregate would choose is passed over, and a
    result leaves the field missing. So does a value of an event that was stored while its type declared another field.
    """

    __slots__ = ("_admit", "_each", "_kinds", "encrypted", "name", "source")

    def __init__(self, field: Field, event: EventType | None) -> None:
        if field.source is None:
            raise LookupError(f"`{field.name}` does not follow from events")
        self.name, self.source, self.encrypted = field.name, field.source, field.encrypted
        self._admit = admitting(field)
        of = None if self.source.field is None else TIME if self.source.field == "time" else _member(event, field)
        self._kinds = frozenset(() if of is None else _KINDS.get(of.type, (str,)))
        choosing = of is not None and self.source.aggregate in _CHOOSING
        self._each = self._admit if choosing and of is not None and _may_refuse(field, of) else None

    def contribution(self, event: Event) -> Any:
        """The value that an event of the type contributes; None if it has none that counts."""
        if self.source.field is None:
            return True
        value = value_of(event, self.source.field)
        if value is None or type(value) not in self._kinds:
            return None
        return value if self._each is None else self._each(value)

    def contributions(self, own: Sequence[Event]) -> tuple[list[str], list[Any]]:
        """The times and contributions of the events that contribute; faster than `contribution` for each."""
        of, kinds, each = self.source.field, self._kinds, self._each
        times = [event["time"] for event in own]
        if of is None:
            return times, [True] * len(own)
        values = times if of == "time" else [event["data"].get(of) for event in own]
        if each is None and kinds.issuperset(map(type, values)):
            return times, values
        pairs = [(event["time"], value) for event in own if (value := self.contribution(event)) is not None]
        return [time for time, _ in pairs], [value for _, value in pairs]

    def refuses(self, event: Event) -> bool:
        """Whether an event of the type has a value that does not count."""
        of = self.source.field
        return of is not None and value_of(event, of) is not None and self.contribution(event) is None

    def accept(self, result: Any) -> Any:
        """A result in the field's own form; None for a missing result and for one that the field may not hold."""
        return None if result is None else self._admit(result)

    def at(self, known: Iterable[Event], now_ms: int, refused: set[str] | None = None) -> Any:
        """The field's value over canonical events in event order, none of them after now; None when missing.

        Adds the field to `refused` if the field may not hold the result, or no number can: a sum may overflow.
        """
        source = self.source
        since = "" if source.within is None else format_instant(now_ms - source.within)
        own = [each for each in known if each["type"] == source.event and each["time"] >= since]
        values = self.contributions(own)[1]
        kept = self.accept(aggregate(source.aggregate, values))
        if kept is None and values and refused is not None:
            refused.add(self.name)
        return kept


def _member(event: EventType | None, field: Field) -> Field:
    """The event field that is aggregated; one that is no longer declared is treated like the profile field."""
    found = None if event is None or field.source is None else event.field(field.source.field or "")
    return field if found is None else found


def _may_refuse(field: Field, of: Field) -> bool:
    """Whether the field may not hold as it stands what an event says."""
    return bool(field.values or field.normalize or field.type != of.type or (of.type in {"date", "day"} and of != TIME))
