"""Order: the comparisons and `between`, all of them one core range; a range is never split, merged or negated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

from ..ir.binding import bind_instant, placeholder
from ..ir.predicate import Bounds, CoreName, Leaf, Now, Predicate, Scalar
from ..ir.types import FieldType
from . import wording
from .core import CoreOperator, Query, SqlPlace, SqlValue
from .surface import Operand, Operator, Refused, constant_of
from .values import kind_of

ORDER_TYPES: tuple[FieldType, ...] = ("integer", "number", "date")

Limit: TypeAlias = "int | float | str | Now"


def bounds(leaf: Leaf) -> Bounds:
    """The leaf's range."""
    if not isinstance(leaf.value, Bounds):
        raise TypeError(f"{leaf.op} on {leaf.field} has no bounds")
    return leaf.value


class Range(CoreOperator):
    """The value lies within both bounds."""

    name: ClassVar[CoreName] = "range"
    types: ClassVar[tuple[FieldType, ...]] = ORDER_TYPES

    def holds(self, leaf: Leaf, value: Any, now_ms: int) -> bool:
        """Whether the value lies within both bounds; canonical instants are compared as text."""
        limits = bounds(leaf)
        if limits.lower is not None:
            lower = _bound_value(limits.lower, now_ms)
            if value < lower or (value == lower and not limits.lower_inclusive):
                return False
        if limits.upper is not None:
            upper = _bound_value(limits.upper, now_ms)
            if value > upper or (value == upper and not limits.upper_inclusive):
                return False
        return True

    def elasticsearch(self, leaf: Leaf, field: str) -> Query:
        """One `range` with the bounds as instants, never as date arithmetic."""
        limits = bounds(leaf)
        found: Query = {}
        if limits.lower is not None:
            found["gte" if limits.lower_inclusive else "gt"] = _published_value(limits.lower)
        if limits.upper is not None:
            found["lte" if limits.upper_inclusive else "lt"] = _published_value(limits.upper)
        return {"range": {field: found}}

    def sql(self, leaf: Leaf, place: SqlPlace) -> str:
        """Comparisons joined on one value, so that one element of a list meets both."""
        limits = bounds(leaf)
        sides: list[tuple[str, SqlValue]] = []
        if limits.lower is not None:
            sides.append((">=" if limits.lower_inclusive else ">", limits.lower))
        if limits.upper is not None:
            sides.append(("<=" if limits.upper_inclusive else "<", limits.upper))
        bound = [(sign, place.bind(value)) for sign, value in sides]
        return place.some(lambda value: " AND ".join(f"{value} {sign} {text}" for sign, text in bound))

    def english(self, leaf: Leaf, *, positive: bool) -> str:
        """`is greater than 1,000`, `is within the last 30 days`."""
        text = _relative(bounds(leaf)) or _sides(bounds(leaf), leaf.type)
        if leaf.many:
            return f"has {'a' if positive else 'no'} value that is {text}"
        return f"{'is' if positive else 'is not'} {text}"


def _bound_value(limit: Limit, now_ms: int) -> int | float | str:
    return bind_instant(limit, now_ms) if isinstance(limit, Now) else limit


def _published_value(limit: Limit) -> int | float | str | dict[str, str]:
    return placeholder(limit) if isinstance(limit, Now) else limit


def _relative(limits: Bounds) -> str | None:
    """The words of the relative operators, recognised from the ranges that they are lowered to."""
    match limits:
        case Bounds(Now(amount, "ms"), Now(0, "ms"), True, True) if amount < 0:
            return f"within the last {wording.sentence_duration(-amount)}"
        case Bounds(Now(0, "ms"), Now(amount, "ms"), True, True) if amount > 0:
            return f"within the next {wording.sentence_duration(amount)}"
        case Bounds(None, Now(amount, "ms"), _, False) if amount < 0:
            return f"more than {wording.duration(-amount)} ago"
        case Bounds(Now(0, "days" | "months", zone), Now(0, "ms"), True, True):
            return f"since the start of today ({zone})"
        case Bounds(Now(amount, "days" | "months" as unit, zone), Now(0, "ms"), True, True):
            return f"within the last {wording.count_text(-amount, f'calendar {unit[:-1]}')} ({zone})"
    return None


def _sides(limits: Bounds, kind: FieldType) -> str:
    instants = kind == "date"
    parts = []
    if limits.lower is not None:
        words = _WORDS[instants, "lower", limits.lower_inclusive]
        parts.append(f"{words} {_limit(limits.lower, kind)}")
    if limits.upper is not None:
        words = _WORDS[instants, "upper", limits.upper_inclusive]
        parts.append(f"{words} {_limit(limits.upper, kind)}")
    return " and ".join(parts)


_WORDS = {
    (False, "lower", False): "greater than",
    (False, "lower", True): "at least",
    (False, "upper", False): "less than",
    (False, "upper", True): "at most",
    (True, "lower", False): "after",
    (True, "lower", True): "at or after",
    (True, "upper", False): "before",
    (True, "upper", True): "at or before",
}


def _limit(limit: Limit, kind: FieldType) -> str:
    return wording.instant(limit) if kind == "date" and isinstance(limit, str) else wording.constant(limit)


def _comparison(make: Callable[[Any], Bounds]) -> Callable[[Operand, Any], Predicate | Refused]:
    def lower(operand: Operand, value: Any) -> Predicate | Refused:
        constant = constant_of(operand, value)
        return constant if isinstance(constant, Refused) else operand.leaf("range", make(constant))

    return lower


def _between(operand: Operand, value: Any) -> Predicate | Refused:
    if not isinstance(value, list | tuple):
        expected = "expected a list of two values"
        return Refused(f"`value` of `{operand.path}`: {expected}, found {kind_of(value)}", ("write it as [from, to]",))
    if len(value) != 2:
        return Refused(f"`value` of `{operand.path}` has {len(value):,} values, expected two", ("write [from, to]",))
    inclusive = operand.options.get("inclusive", "lower")
    if inclusive not in {"lower", "both"}:
        return Refused("`inclusive` of `between` takes `lower` (as without it) or `both`", (), ("inclusive",))
    sides: list[Scalar] = []
    for index, item in enumerate(value):
        constant = constant_of(operand, item, ("value", index))
        if isinstance(constant, Refused):
            return constant
        sides.append(constant)
    return operand.leaf("range", Bounds(sides[0], sides[1], upper_inclusive=inclusive == "both"))


def _one_sided(name: str, summary: str, make: Callable[[Any], Bounds]) -> Operator:
    return Operator(
        name=name,
        family="order",
        applies=dict.fromkeys(ORDER_TYPES, "both"),
        value_schema={"type": ["number", "string"]},
        summary=summary,
        missing="does not hold",
        example=f"{{field: lifetime_value, operator: {name}, value: 1000}}",
        lowering=_comparison(make),
    )


CORE = (Range(),)
SURFACE = (
    _one_sided(
        "greater_than", "The value is greater, or later", lambda value: Bounds(lower=value, lower_inclusive=False)
    ),
    _one_sided("greater_or_equal", "The value is at least the constant", lambda value: Bounds(lower=value)),
    _one_sided("less_than", "The value is less, or earlier", lambda value: Bounds(upper=value, upper_inclusive=False)),
    _one_sided("less_or_equal", "The value is at most the constant", lambda value: Bounds(upper=value)),
    Operator(
        name="between",
        family="order",
        applies=dict.fromkeys(ORDER_TYPES, "both"),
        value_schema={"type": "array", "items": {"type": ["number", "string"]}, "minItems": 2, "maxItems": 2},
        summary="The value is at least the first constant and less than the second; at most it with `inclusive: both`",
        missing="does not hold",
        example="{field: lifetime_value, operator: between, value: [100, 500]}",
        lowering=_between,
        options={"inclusive": {"enum": ["lower", "both"]}},
    ),
)
