"""Binding `now`: relative instants become canonical ones, so that nothing compiled carries date arithmetic."""

from __future__ import annotations

from datetime import timedelta

from .instant import format_duration, format_instant
from .predicate import Anniversary, Now
from .zones import day_start, local_day, shift_days, shift_months


def bind_instant(now: Now, now_ms: int) -> str:
    """The canonical instant that `now` names when the clock says `now_ms`."""
    return format_instant(bind_ms(now, now_ms))


def bind_ms(now: Now, now_ms: int) -> int:
    """As `bind_instant`, in milliseconds (not clamped for unit "ms")."""
    if now.unit == "ms":
        return now_ms + now.amount
    today = local_day(now_ms, now.zone)
    day = shift_days(today, now.amount) if now.unit == "days" else shift_months(today, now.amount)
    return day_start(day, now.zone)


def month_days(window: Anniversary, now_ms: int) -> tuple[str, ...]:
    """The `MM-DD` values in the window, sorted; `02-29` joins `02-28` in common years."""
    today = local_day(now_ms, window.zone)
    found: set[str] = set()
    for offset in range(min(window.days, 366) + 1):
        try:
            day = today + timedelta(days=offset)
        except OverflowError:
            break
        found.add(f"{day.month:02}-{day.day:02}")
        if (day.month, day.day) == (2, 28) and not _is_leap(day.year):
            found.add("02-29")
    return tuple(sorted(found))


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def placeholder(now: Now) -> dict[str, str]:
    """The published form of a relative instant: `{"$now": "-30d"}`; calendar units round to the local day: `-7d/d`."""
    sign = "-" if now.amount < 0 else "+"
    if now.unit == "ms":
        return {"$now": f"{sign}{format_duration(abs(now.amount))}"}
    unit = "d" if now.unit == "days" else "M"
    return {"$now": f"{sign}{abs(now.amount)}{unit}/d", "zone": now.zone}
