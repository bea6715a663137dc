"""When two types go together, and what a constant becomes when compared with a declared field."""

from __future__ import annotations

from dataclasses import replace

from ...ir.expression import (
    DATETIME,
    FLOAT,
    INTEGER,
    STRING,
    Expression,
    ToFloat,
    Value,
    ValueType,
)
from ...ir.value_types import SCALARS
from .literals import complete_instant, string


def comparable(left: ValueType, right: ValueType) -> bool:
    """Whether values of the two types can be equal."""
    if left.kind == right.kind == "array":
        return left.of is not None and right.of is not None and comparable(left.of, right.of)
    return left.kind in SCALARS and (left.kind == right.kind or (left.is_number and right.is_number))


def beside(constant: Expression, other: ValueType) -> Expression:
    """A constant in the form of what stands on the other side: a double, or text normalised like the field."""
    if not isinstance(constant, Value):
        return constant
    value = constant.value
    if constant.type.kind == "integer" and other.kind == "float":
        return as_float(constant)
    if constant.type.kind == "float" and other.kind == "integer" and isinstance(value, float) and value.is_integer():
        return Value(int(value), INTEGER) if abs(value) < 2**63 else constant
    if constant.type.kind == "string" and other.normalize == "lowercase":
        return string(str(value), lowercase=True)
    return constant


def as_float(expression: Expression) -> Expression:
    """The same number as a double."""
    if expression.type.kind == "float":
        return expression
    if isinstance(expression, Value) and isinstance(expression.value, int):
        return Value(float(expression.value), FLOAT)
    return ToFloat(expression)


def unify(left: Expression, right: Expression) -> tuple[Expression, Expression, ValueType] | None:
    """Both in one type, which comes with them; `null` takes any. None when there is no such type."""
    if left.type.kind == "null" or right.type.kind == "null":
        return left, right, right.type if left.type.kind == "null" else left.type
    if left.type.is_number and right.type.is_number:
        if left.type.kind == right.type.kind:
            return left, right, left.type
        return as_float(left), as_float(right), FLOAT
    if left.type.kind == right.type.kind == "string":
        left, right = beside(left, right.type), beside(right, left.type)
        return left, right, _text(left, right)
    if left.type.kind == right.type.kind and left.type.kind not in {"array", "object"}:
        return left, right, left.type
    return (left, right, left.type) if left.type == right.type else None


def _text(left: Expression, right: Expression) -> ValueType:
    """A constant is written in the other side's form; otherwise only what both sides share is known."""
    if isinstance(left, Value) or isinstance(right, Value):
        declared = right.type if isinstance(left, Value) else left.type
        return replace(STRING, normalize=declared.normalize)
    shared = left.type.values == right.type.values
    normalize = left.type.normalize if left.type.normalize == right.type.normalize else None
    return ValueType("string", normalize=normalize, values=left.type.values if shared else ())


def hint(left: Expression, right: Expression, left_text: str, right_text: str) -> tuple[str, ...]:
    """What an author who compares these two probably means."""
    forwards = (left, right, left_text, right_text)
    for one, other, one_text, other_text in (forwards, (right, left, right_text, left_text)):
        if one.type.kind == "array" and one.type.of is not None and comparable(one.type.of, other.type):
            return (f"`{other_text} in {one_text}` asks whether an element is equal",)
        if isinstance(one, Value) and isinstance(one.value, str) and one.type == STRING:
            meant = _meant(one.value, other.type)
            if meant:
                return (f"write `{meant}`",)
    return ()


def _meant(text: str, wanted: ValueType) -> str:
    """The constant that a quoted text was meant for."""
    if wanted.is_number and text.replace(".", "", 1).lstrip("-").isdecimal():
        return text
    if wanted.kind == "boolean" and text.lower() in {"true", "false"}:
        return text.lower()
    if wanted == DATETIME and (whole := complete_instant(text)) is not None:
        return f'd"{whole}"'
    return ""
