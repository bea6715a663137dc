"""Being equal to a constant: `equals`, `not_equals`."""

from __future__ import annotations

from typing import Any, ClassVar

from ..ir.predicate import CoreName, Leaf, Not, Predicate, Scalar
from ..ir.types import FieldType
from . import wording
from .core import CoreOperator, Query, SqlPlace
from .surface import Operand, Operator, Refused, constant_of

EQUAL_TYPES: tuple[FieldType, ...] = ("keyword", "integer", "boolean", "date")


def same(value: Any, constant: Any) -> bool:
    """Equal and of one type, so that `true` is not 1."""
    return type(value) is type(constant) and bool(value == constant)


def scalar(leaf: Leaf) -> Scalar:
    """The leaf's constant, which is one scalar."""
    value = leaf.value
    if not isinstance(value, str | int | float | bool):
        raise TypeError(f"{leaf.op} on {leaf.field} has no scalar constant")
    return value


class Equals(CoreOperator):
    """The value is the constant."""

    name: ClassVar[CoreName] = "equals"
    types: ClassVar[tuple[FieldType, ...]] = EQUAL_TYPES

    def holds(self, leaf: Leaf, value: Any, now_ms: int) -> bool:  # noqa: ARG002 - one signature for all
        """Whether the value is the constant, type included."""
        return same(value, leaf.value)

    def elasticsearch(self, leaf: Leaf, field: str) -> Query:
        """A `term`."""
        return {"term": {field: leaf.value}}

    def sql(self, leaf: Leaf, place: SqlPlace) -> str:
        """A comparison, or a look into the array."""
        return place.one_of((scalar(leaf),))

    def english(self, leaf: Leaf, *, positive: bool) -> str:
        """`is US`."""
        value = scalar(leaf)
        text = wording.instant(str(value)) if leaf.type == "date" else wording.constant(value)
        if leaf.many:
            return f"{'includes' if positive else 'does not include'} {text}"
        return f"{'is' if positive else 'is not'} {text}"


def _equals(operand: Operand, value: Any) -> Predicate | Refused:
    constant = constant_of(operand, value)
    return constant if isinstance(constant, Refused) else operand.leaf("equals", constant)


def _not_equals(operand: Operand, value: Any) -> Predicate | Refused:
    positive = _equals(operand, value)
    return positive if isinstance(positive, Refused) else Not(positive)


CORE = (Equals(),)
SURFACE = (
    Operator(
        name="equals",
        family="equality",
        applies=dict.fromkeys(EQUAL_TYPES, "both"),
        value_schema={"type": ["string", "integer", "boolean"]},
        summary="The value is exactly the constant",
        missing="does not hold",
        example="{field: country, operator: equals, value: US}",
        lowering=_equals,
        searches_encrypted=True,
    ),
    Operator(
        name="not_equals",
        family="equality",
        applies=dict.fromkeys(EQUAL_TYPES, "both"),
        value_schema={"type": ["string", "integer", "boolean"]},
        summary="The value is not the constant; of a list, no element is",
        missing="holds",
        example="{field: country, operator: not_equals, value: US}",
        lowering=_not_equals,
        searches_encrypted=True,
    ),
)
