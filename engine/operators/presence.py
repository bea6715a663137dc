"""Being there at all: `exists`, `missing`. `null`, `[]` and a list of only nulls are missing; empty text is a value."""

from __future__ import annotations

from typing import Any, ClassVar

from ..ir.predicate import CoreName, Leaf, Not, Predicate
from ..ir.types import FIELD_TYPES, FieldType
from .core import CoreOperator, Query, SqlPlace
from .surface import Operand, Operator, Refused


class Exists(CoreOperator):
    """The field is present."""

    name: ClassVar[CoreName] = "exists"
    types: ClassVar[tuple[FieldType, ...]] = FIELD_TYPES

    def holds(self, leaf: Leaf, value: Any, now_ms: int) -> bool:  # noqa: ARG002 - one signature for all
        """Always, as a value is present."""
        return True

    def elasticsearch(self, leaf: Leaf, field: str) -> Query:
        """`exists`; a day is indexed in parts."""
        return {"exists": {"field": f"{field}.date" if leaf.type == "day" else field}}

    def sql(self, leaf: Leaf, place: SqlPlace) -> str:  # noqa: ARG002 - one signature for all
        """A test for null and for the empty array."""
        return place.present()

    def english(self, leaf: Leaf, *, positive: bool) -> str:  # noqa: ARG002 - one signature for all
        """`is known`."""
        return "is known" if positive else "is missing"


def _exists(operand: Operand, value: Any) -> Predicate | Refused:  # noqa: ARG001 - one signature for all
    return operand.leaf("exists")


def _missing(operand: Operand, value: Any) -> Predicate | Refused:  # noqa: ARG001 - one signature for all
    return Not(operand.leaf("exists"))


CORE = (Exists(),)
SURFACE = (
    Operator(
        name="exists",
        family="presence",
        applies=dict.fromkeys(FIELD_TYPES, "both"),
        value_schema=None,
        summary="The field has a value; empty text is one, an empty list is none",
        missing="does not hold",
        example="{field: email, operator: exists}",
        lowering=_exists,
    ),
    Operator(
        name="missing",
        family="presence",
        applies=dict.fromkeys(FIELD_TYPES, "both"),
        value_schema=None,
        summary="The field has no value: it is absent, null, an empty list or a list of only nulls",
        missing="holds",
        example="{field: email, operator: missing}",
        lowering=_missing,
    ),
)
