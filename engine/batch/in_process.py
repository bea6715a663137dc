"""What SQL cannot say, matched profile by profile: canonical columns become canonical profiles again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ..ir.instant import format_instant
from ..ir.types import Catalogue, Field
from .arrays import EPOCH, Array

Event = Mapping[str, Any]
EventsOf = Callable[[str], Sequence[Event]]


def profiles_of(columns: Mapping[str, Array], catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    """The canonical profiles of a batch, each with the key and those fields that there are columns of."""
    names = list(columns)
    read = []
    for name, column in columns.items():
        field = catalogue.field(name)
        if field is None:
            raise LookupError(f"`{name}` is not declared in the catalogue")
        read.append([_canonical(field, value) for value in _values(field, column)])
    for row in zip(*read, strict=True):
        yield {name: value for name, value in zip(names, row, strict=True) if value is not None}


def _values(field: Field, column: Array) -> list[Any]:
    import pyarrow as pa

    if field.type == "date":  # as numbers, for Python's own instants are slow to make and to write
        integers = pa.list_(pa.int64()) if field.many else pa.int64()
        column = column.cast(integers)
    values: list[Any] = column.to_pylist()
    return values


def _canonical(field: Field, value: Any) -> Any:
    """The canonical value of what Arrow holds, None for what is missing."""
    if value is None or not field.many:
        return None if value is None else _one(field, value)
    found = [_one(field, item) for item in value if item is not None]
    return found or None


def _one(field: Field, value: Any) -> Any:
    if field.type == "date":
        return format_instant(value // 1_000)
    if field.type == "day":
        return value.isoformat()
    if field.type != "object":
        return value
    members = {
        member.name: _canonical(member, _native_value(member, value.get(member.name))) for member in field.fields
    }
    return {name: item for name, item in members.items() if item is not None}


def _native_value(member: Field, value: Any) -> Any:
    """Instants inside of objects come as Python's own."""
    if member.type != "date" or value is None:
        return value
    return [_microseconds(item) for item in value] if member.many else _microseconds(value)


def _microseconds(value: datetime) -> int:
    return (value.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
