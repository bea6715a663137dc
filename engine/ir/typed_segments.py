"""Predicates held against the catalogue: each leaf looks at a declared field, and compares it with what it may hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, assert_never

from .constants import is_constant
from .predicate import (
    AllOf,
    Anniversary,
    AnyOf,
    Bounds,
    Circle,
    Constant,
    CoreName,
    Element,
    Events,
    EventSequence,
    InList,
    Leaf,
    Not,
    Now,
    Predicate,
)
from .program import Program
from .types import Catalogue, Field, FieldType
from .walk import DEPTH_LIMIT, LEAF_LIMIT, depth, leaf_count
from .zones import ZoneError, zone

Fields: TypeAlias = Callable[[str], tuple[Field, bool] | None]
"""The field at a path, and whether a list lies on the way to it; None where nothing is declared."""

_SCALARS = frozenset({"keyword", "integer", "number", "boolean", "date", "day"})
_TYPES: Mapping[CoreName, frozenset[str]] = {
    "equals": _SCALARS,
    "in": _SCALARS,
    "range": frozenset({"integer", "number", "date"}),
    "contains": _SCALARS | {"text"},
    "contains_all": frozenset({"text", "keyword"}),
    "contains_phrase": frozenset({"text"}),
    **dict.fromkeys(("starts_with", "ends_with", "substring", "like", "matches"), frozenset({"keyword"})),
    "anniversary_within": frozenset({"day"}),
    "within_distance": frozenset({"geo_point"}),
}
_DAYS = 10_000_000  # the calendar has fewer, and windows beyond it are clamped
_TEXTS = frozenset({"contains_all", "contains_phrase", "starts_with", "ends_with", "substring", "like", "matches"})
_OF_TIMES = frozenset({"first", "last", "min", "max"})


def is_sound(predicate: Predicate, program: Program) -> bool:
    """Whether a predicate about customers fits the program's catalogue and lists, and keeps the limits."""
    if leaf_count(predicate) > LEAF_LIMIT or depth(predicate) > DEPTH_LIMIT:
        return False
    return _Soundness(program).holds(predicate, _profile(program.catalogue))


def _profile(catalogue: Catalogue) -> Fields:
    return _below((Field(catalogue.key, "keyword"), *catalogue.fields))


def _below(fields: tuple[Field, ...]) -> Fields:
    def at(path: str) -> tuple[Field, bool] | None:
        first, *steps = path.split(".")
        found, many = next((each for each in fields if each.name == first), None), False
        for step in steps:
            if found is None:
                return None
            many, found = many or found.many, found.member(step)
        return None if found is None else (found, many)

    return at


class _Soundness:
    def __init__(self, program: Program) -> None:
        self._program = program

    def holds(self, predicate: Predicate, fields: Fields) -> bool:
        """Whether the predicate fits the fields that it looks at."""
        match predicate:
            case Constant():
                return True
            case InList(name):
                return name in self._program.lists
            case AllOf(items) | AnyOf(items):
                return all(self.holds(item, fields) for item in items)
            case Not(item):
                return self.holds(item, fields)
            case Leaf():
                return _is_leaf(predicate, fields)
            case Element(of, item):
                found = fields(of)
                return found is not None and found[0].type == "object" and self.holds(item, _below(found[0].fields))
            case Events():
                return self._events(predicate)
            case EventSequence(steps, within):
                return (
                    bool(steps)
                    and _is_instant(within)
                    and all(self._where(step.type, step.where) and (step.within or 0) >= 0 for step in steps)
                )
        assert_never(predicate)

    def _where(self, kind: str, where: Predicate | None) -> bool:
        event = self._program.catalogue.event(kind)
        return event is not None and (where is None or self.holds(where, _below(event.fields)))

    def _events(self, events: Events) -> bool:
        if not self._where(events.type, events.where) or not _is_instant(events.within):
            return False
        value = self._aggregate(events)
        return value is not None and self.holds(events.test, _below((value,)))

    def _aggregate(self, events: Events) -> Field | None:
        """The pseudo field that the test looks at; None where the aggregate cannot be made."""
        if events.field is None:
            return Field("value", "integer") if events.aggregate == "count" else None
        if events.field == "time":
            found: Field | None = Field("time", "date")
        else:
            kind = self._program.catalogue.event(events.type)
            at = _below(kind.fields if kind is not None else ())(events.field)
            found = None if at is None else at[0]
        if found is None or found.type in {"object", "geo_point"}:
            return None
        if events.aggregate in {"count", "distinct"}:
            return Field("value", "integer")
        if events.aggregate in _OF_TIMES and (events.aggregate in {"first", "last"} or found.type != "boolean"):
            return Field("value", found.type)
        if found.type not in {"integer", "number"}:
            return None
        return Field("value", found.type if events.aggregate == "sum" else "number")


def _is_leaf(leaf: Leaf, fields: Fields) -> bool:
    found = fields(leaf.field)
    if found is None or found[0].type != leaf.type or (leaf.many != found[0].many and not found[1]):
        return False
    if leaf.op == "exists":
        return leaf.value is None
    return leaf.type in _TYPES[leaf.op] and _is_compared(leaf, leaf.type)


def _is_compared(leaf: Leaf, kind: FieldType) -> bool:
    match leaf.value:
        case Bounds(lower, upper):
            return leaf.op == "range" and all(_is_limit(each, kind) for each in (lower, upper))
        case Anniversary(days, name):
            return leaf.op == "anniversary_within" and 0 <= days < _DAYS and is_zone(name)
        case Circle(lat, lon, metres):
            return leaf.op == "within_distance" and -90 <= lat <= 90 and -180 <= lon <= 180 and metres >= 0
        case tuple(values):
            return leaf.op == "in" and bool(values) and all(is_constant(each, kind) for each in values)
        case value if leaf.op in _TEXTS:
            return type(value) is str
    return leaf.op in {"equals", "contains"} and is_constant(leaf.value, kind)


def _is_limit(value: object, kind: FieldType) -> bool:
    if isinstance(value, Now):
        return kind == "date" and _is_instant(value)
    return value is None or is_constant(value, kind)


def _is_instant(now: Now | None) -> bool:
    return now is None or (is_zone(now.zone) and (now.unit == "ms" or -_DAYS < now.amount < _DAYS))


def is_zone(name: str) -> bool:
    """Whether there is a time zone of that name."""
    try:
        zone(name)
    except ZoneError:
        return False
    return True
