"""Days that come round every year: `anniversary_within`."""

from __future__ import annotations

from typing import Any, ClassVar

from ..ir.binding import month_days
from ..ir.predicate import Anniversary, CoreName, Leaf, Predicate
from ..ir.types import FieldType
from . import wording
from .core import CoreOperator, Query, SqlPlace
from .surface import Operand, Operator, Refused, whole_number
from .time import ZONE_SCHEMA, zone_of

DAYS_LIMIT = 366


def window(leaf: Leaf) -> Anniversary:
    """The leaf's window."""
    if not isinstance(leaf.value, Anniversary):
        raise TypeError(f"{leaf.op} on {leaf.field} has no window")
    return leaf.value


class AnniversaryWithin(CoreOperator):
    """The day's month and day fall on one of the days from today."""

    name: ClassVar[CoreName] = "anniversary_within"
    types: ClassVar[tuple[FieldType, ...]] = ("day",)

    def holds(self, leaf: Leaf, value: Any, now_ms: int) -> bool:
        """Whether the day's `MM-DD` is in the window."""
        return str(value)[5:] in month_days(window(leaf), now_ms)

    def elasticsearch(self, leaf: Leaf, field: str) -> Query:
        """`terms` on month and day, a placeholder standing for the days of the window."""
        own = window(leaf)
        return {"terms": {f"{field}.month_day": {"$month_days": f"+{own.days}d", "zone": own.zone}}}

    def sql(self, leaf: Leaf, place: SqlPlace) -> str:
        """Month and day among those of the window."""
        days = place.month_days(window(leaf))
        if place.dialect == "duckdb":
            return place.some(lambda value: f"list_contains({days}, strftime({value}, '%m-%d'))")
        return place.some(lambda value: f"to_char({value}, 'MM-DD') = ANY({days})")

    def english(self, leaf: Leaf, *, positive: bool) -> str:
        """`has its anniversary within the next 7 days (Europe/Berlin)`."""
        own = window(leaf)
        span = f"within the next {wording.count_text(own.days, 'day')}" if own.days else "today"
        return f"{'has' if positive else 'does not have'} its anniversary {span} ({own.zone})"


def _anniversary_within(operand: Operand, value: Any) -> Predicate | Refused:
    days = whole_number(operand, value, DAYS_LIMIT, "days")
    if isinstance(days, Refused):
        return days
    name = zone_of(operand)
    return name if isinstance(name, Refused) else operand.leaf("anniversary_within", Anniversary(days, name))


CORE = (AnniversaryWithin(),)
SURFACE = (
    Operator(
        name="anniversary_within",
        family="calendar",
        applies={"day": "both"},
        value_schema={"type": "integer", "minimum": 0, "maximum": DAYS_LIMIT},
        summary="The day comes round within that many days from today; 29 February counts on 28 in common years",
        missing="does not hold",
        example="{field: birthday, operator: anniversary_within, value: 7, timezone: Europe/Berlin}",
        lowering=_anniversary_within,
        options={"timezone": ZONE_SCHEMA},
        hint="declare the field as `day` to compare by month and day",
    ),
)
