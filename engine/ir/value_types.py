"""The types of values that expressions meet: those of declared fields, and which value may stand for which type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .expression import BOOLEAN, DATETIME, FLOAT, INTEGER, STRING, ValueType
from .types import Catalogue, EventType, Field

ORDERED = frozenset({"integer", "float", "string", "datetime", "timedelta"})
SCALARS = ORDERED | {"boolean"}

_POINT = ValueType("object", members=(("lat", FLOAT), ("lon", FLOAT)))
_PLAIN: Mapping[str, ValueType] = {
    "number": FLOAT,
    "integer": INTEGER,
    "boolean": BOOLEAN,
    "date": DATETIME,
    "geo_point": _POINT,
}


def type_of_field(field: Field) -> ValueType:
    """The type of a declared field's value; a field that holds a list is an array."""
    if field.type == "object":
        one = object_type(field.fields)
    elif field.type in _PLAIN:
        one = _PLAIN[field.type]
    else:
        one = ValueType("string", normalize=field.normalize, values=field.values)
    if field.encrypted is not None:
        one = ValueType(one.kind, one.of, one.members, one.normalize, one.values, field.encrypted)
    return ValueType("array", of=one, sealed=field.encrypted) if field.many else one


def object_type(fields: Iterable[Field]) -> ValueType:
    """An object with these fields."""
    return ValueType("object", members=tuple((field.name, type_of_field(field)) for field in fields))


def profile_type(catalogue: Catalogue) -> ValueType:
    """A profile: its key and its fields."""
    return object_type((Field(catalogue.key, "keyword"), *catalogue.fields))


def event_type(catalogue: Catalogue, event: EventType) -> ValueType:
    """An event as it travels: `id`, `type`, the customer's key, `time`, and its fields below `data`."""
    return ValueType(
        "object",
        members=(
            ("id", STRING),
            ("type", ValueType("string", values=(event.name,))),
            (catalogue.key, STRING),
            ("time", DATETIME),
            ("data", object_type(event.fields)),
        ),
    )


def member_type(kind: ValueType, path: Iterable[str]) -> ValueType | None:
    """The type at the end of a path below an object; None where there is none."""
    for step in path:
        if kind.kind == "any":
            return kind
        found = kind.member(step) if kind.kind == "object" else None
        if found is None:
            return None
        kind = found
    return kind


def is_text(*kinds: ValueType) -> bool:
    """Whether all of them are text, as ids and keys are."""
    return all(kind.kind in {"string", "null"} for kind in kinds)


def stands_for(found: ValueType, wanted: ValueType) -> bool:
    """Whether a value of one type works where another type is expected: null does anywhere, an integer as a double."""
    if found.kind in {"null", "any"} or (found.kind == "integer" and wanted.kind == "float"):
        return True
    if found.kind != wanted.kind:
        return False
    if wanted.of is not None:
        return found.of is not None and stands_for(found.of, wanted.of)
    theirs = dict(found.members)
    return all(name in theirs and stands_for(theirs[name], kind) for name, kind in wanted.members)
