"""Constants checked against declared types: canonical, so that comparisons compare like with like."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Any, assert_never

from .cells import AnyValue, CellTest, Equals, Missing, Negated, OneOf, Range
from .expression import Kind, ValueType
from .instant import InstantError, canonical_day, canonical_instant
from .types import Field, FieldType


def is_constant(value: Any, kind: FieldType) -> bool:
    """Whether it is one value of a field of that type, in its canonical form; never for an object or a point."""
    if kind == "number":
        return type(value) is float and isfinite(value)
    if kind == "date":
        return _is_read(value, canonical_instant)
    if kind == "day":
        return _is_read(value, canonical_day)
    return type(value) is {"integer": int, "boolean": bool, "keyword": str, "text": str}.get(kind)


def _is_read(value: Any, read: Any) -> bool:
    try:
        return type(value) is str and read(value) == value
    except InstantError:
        return False


def are_values(pairs: Iterable[tuple[Field, Any]]) -> bool:
    """Whether each is a value of its field, a tuple where the field is a list, or missing (None)."""
    return all(value is None or _is_value(value, field) for field, value in pairs)


def are_named_values(fields: Iterable[Field], values: Iterable[tuple[str, Any]]) -> bool:
    """Whether each named value is one of the field of that name, or missing."""
    known = {field.name: field for field in fields}
    pairs = list(values)
    return all(name in known for name, _ in pairs) and are_values((known[name], value) for name, value in pairs)


def _is_value(value: Any, field: Field) -> bool:
    if field.many:
        return type(value) is tuple and all(is_constant(each, field.type) for each in value)
    return is_constant(value, field.type)


_OF_COLUMN: dict[Kind, FieldType] = {
    "string": "text",
    "float": "number",
    "integer": "integer",
    "boolean": "boolean",
    "datetime": "date",
}


def fits_column(cell: CellTest, column: ValueType) -> bool:
    """Whether a cell of a decision table compares with what its column may hold."""
    match cell:
        case AnyValue() | Missing():
            return True
        case Negated(test):
            return fits_column(test, column)
        case Equals(value):
            return _compares(value, column)
        case OneOf(values):
            return all(_compares(value, column) for value in values)
        case Range(lower, upper):
            return all(limit is None or _compares(limit, column) for limit in (lower, upper))
    assert_never(cell)


def _compares(value: Any, column: ValueType) -> bool:
    one = column.of or column
    kind = _OF_COLUMN.get(one.kind)
    if one.kind == "integer" and is_constant(value, "number"):
        return True
    return kind is not None and is_constant(value, kind)
