"""Instants relative to now: `within_last`, `older_than`, `within_next`, and `within_last_days`, `_weeks`, `_months`.

All are core ranges with `Now` as bounds. Durations are exact; calendar units begin at the local start of a day.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ir.instant import InstantError, parse_duration
from ..ir.predicate import Bounds, Now, Predicate
from ..ir.zones import ZoneError, zone, zone_names
from .surface import Lowering, Operand, Operator, Refused, whole_number
from .values import kind_of

DURATION_SCHEMA = {"type": "string", "pattern": "^[0-9]{1,9}[smhdw]$"}
ZONE_SCHEMA = {"type": "string"}
YEARS = 100


def zone_of(operand: Operand) -> str | Refused:
    """The condition's time zone, the workspace's without one."""
    name = operand.options.get("timezone", operand.timezone)
    if not isinstance(name, str):
        return Refused(f"`timezone` is {kind_of(name)}, expected a name as Europe/Berlin", (), ("timezone",))
    try:
        zone(name)
    except ZoneError:
        from ..diagnostics.suggest import nearest

        close = nearest(name, zone_names())
        help_text = (f"did you mean `{close}`?",) if close else ("name a zone of the tz database, as Europe/Berlin",)
        return Refused(f"`{name[:64]}` is not a time zone", help_text, ("timezone",))
    return name


def duration_of(operand: Operand, value: Any) -> int | Refused:
    """Milliseconds of the constant, or why it is refused."""
    expected = "expected a duration, as 15m, 12h, 30d or 2w"
    if not isinstance(value, str):
        help_text = (f"write `{value}d` for days",) if isinstance(value, int) and not isinstance(value, bool) else ()
        return Refused(f"`value` of `{operand.path}`: {expected}, found {kind_of(value)}", help_text)
    try:
        return parse_duration(value)
    except InstantError as problem:
        return Refused(f"`value` of `{operand.path}`: expected {problem}")


def _lasting(make: Callable[[int], Bounds]) -> Lowering:
    def lower(operand: Operand, value: Any) -> Predicate | Refused:
        span = duration_of(operand, value)
        return span if isinstance(span, Refused) else operand.leaf("range", make(span))

    return lower


def _calendar(unit: str, size: int, limit: int) -> Lowering:
    def lower(operand: Operand, value: Any) -> Predicate | Refused:
        count = whole_number(operand, value, limit, unit)
        if isinstance(count, Refused):
            return count
        name = zone_of(operand)
        if isinstance(name, Refused):
            return name
        start = Now(-count * size, "months" if unit == "months" else "days", name)
        return operand.leaf("range", Bounds(start, Now()))

    return lower


def _relative(name: str, summary: str, make: Callable[[int], Bounds]) -> Operator:
    return Operator(
        name=name,
        family="time",
        applies={"date": "both"},
        value_schema=DURATION_SCHEMA,
        summary=summary,
        missing="does not hold",
        example=f"{{field: last_order_at, operator: {name}, value: 30d}}",
        lowering=_lasting(make),
    )


def _calendar_operator(unit: str, size: int, limit: int) -> Operator:
    return Operator(
        name=f"within_last_{unit}",
        family="time",
        applies={"date": "both"},
        value_schema={"type": "integer", "minimum": 0, "maximum": limit},
        summary=f"From the local start of the day that many {unit} ago until now",
        missing="does not hold",
        example=f"{{field: last_order_at, operator: within_last_{unit}, value: 2, timezone: Europe/Berlin}}",
        lowering=_calendar(unit, size, limit),
        options={"timezone": ZONE_SCHEMA},
    )


SURFACE = (
    _relative(
        "within_last", "From that long ago until now, to the millisecond", lambda span: Bounds(Now(-span), Now())
    ),
    _relative("older_than", "Longer ago than that", lambda span: Bounds(upper=Now(-span), upper_inclusive=False)),
    _relative("within_next", "From now until that far ahead", lambda span: Bounds(Now(), Now(span))),
    _calendar_operator("days", 1, 366 * YEARS),
    _calendar_operator("weeks", 7, 5_228),
    _calendar_operator("months", 1, 12 * YEARS),
)
CORE = ()
