"""Being one of several constants: `in`, `not_in`."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from ..ir.predicate import CoreName, Leaf, Not, Predicate, Scalar
from ..ir.types import FieldType
from . import wording
from .core import CoreOperator, Query, SqlPlace
from .equality import same
from .surface import Operand, Operator, Refused, constant_of
from .values import kind_of

IN_TYPES: tuple[FieldType, ...] = ("keyword", "integer", "boolean")
VALUES_LIMIT: Final = 65_536


def scalars(leaf: Leaf) -> tuple[Scalar, ...]:
    """The leaf's constants."""
    if not isinstance(leaf.value, tuple):
        raise TypeError(f"{leaf.op} on {leaf.field} has no tuple of constants")
    return leaf.value


class In(CoreOperator):
    """The value is one of the constants."""

    name: ClassVar[CoreName] = "in"
    types: ClassVar[tuple[FieldType, ...]] = IN_TYPES

    def holds(self, leaf: Leaf, value: Any, now_ms: int) -> bool:  # noqa: ARG002 - one signature for all
        """Whether the value is one of the constants, type included."""
        return any(same(value, constant) for constant in scalars(leaf))

    def elasticsearch(self, leaf: Leaf, field: str) -> Query:
        """One `terms`."""
        return {"terms": {field: list(scalars(leaf))}}

    def sql(self, leaf: Leaf, place: SqlPlace) -> str:
        """`IN`, or an overlap of arrays."""
        return place.one_of(scalars(leaf))

    def english(self, leaf: Leaf, *, positive: bool) -> str:
        """`is one of US, CA`."""
        values = wording.one_of(scalars(leaf))
        if leaf.many:
            return f"includes {'one' if positive else 'none'} of {values}"
        return f"{'is' if positive else 'is not'} one of {values}"


def _in(operand: Operand, value: Any) -> Predicate | Refused:
    constants = constants_of(operand, value)
    return constants if isinstance(constants, Refused) else operand.leaf("in", constants)


def _not_in(operand: Operand, value: Any) -> Predicate | Refused:
    positive = _in(operand, value)
    return positive if isinstance(positive, Refused) else Not(positive)


def constants_of(operand: Operand, value: Any) -> tuple[Scalar, ...] | Refused:
    """The canonical constants of a list in the order written, each once."""
    if not isinstance(value, list | tuple):
        found = kind_of(value)
        return Refused(f"`value` of `{operand.path}`: expected a list, found {found}", ("write it as [a, b]",))
    if not value:
        return Refused(f"`value` of `{operand.path}` is an empty list, expected at least one value")
    if len(value) > VALUES_LIMIT:
        message = f"`value` of `{operand.path}` has {len(value):,} values, expected at most {VALUES_LIMIT:,}"
        return Refused(message, ("keep them in a `MemberList` if they are customer ids",))
    constants: dict[Scalar, None] = {}
    for index, item in enumerate(value):
        constant = constant_of(operand, item, ("value", index))
        if isinstance(constant, Refused):
            return constant
        constants[constant] = None
    return tuple(constants)


CORE = (In(),)
SURFACE = (
    Operator(
        name="in",
        family="membership",
        applies=dict.fromkeys(IN_TYPES, "both"),
        value_schema={
            "type": "array",
            "items": {"type": ["string", "integer", "boolean"]},
            "minItems": 1,
            "maxItems": VALUES_LIMIT,
        },
        summary="The value is one of the constants",
        missing="does not hold",
        example="{field: country, operator: in, value: [US, CA]}",
        lowering=_in,
        searches_encrypted=True,
    ),
    Operator(
        name="not_in",
        family="membership",
        applies=dict.fromkeys(IN_TYPES, "both"),
        value_schema={
            "type": "array",
            "items": {"type": ["string", "integer", "boolean"]},
            "minItems": 1,
            "maxItems": VALUES_LIMIT,
        },
        summary="The value is none of the constants; of a list, no element is",
        missing="holds",
        example="{field: country, operator: not_in, value: [US, CA]}",
        lowering=_not_in,
        searches_encrypted=True,
    ),
)
