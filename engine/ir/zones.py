"""Local days in named time zones, from the pinned `tzdata` package and never from the machine's own copy."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from .instant import FIRST_MS, LAST_MS

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class ZoneError(ValueError):
    """No such time zone."""


@lru_cache(maxsize=1_024)
def zone(name: str) -> ZoneInfo:
    """The time zone of that name. Raises ZoneError."""
    from importlib import resources
    from zoneinfo import ZoneInfo

    parts = name.split("/")
    if not all(part and part.replace("_", "").replace("-", "").replace("+", "").isalnum() for part in parts):
        raise ZoneError(name)
    source = resources.files("tzdata").joinpath("zoneinfo", *parts)
    if not source.is_file() or "." in name:
        raise ZoneError(name)
    with source.open("rb") as stream:
        try:
            return ZoneInfo.from_file(stream, key=name)
        except ValueError:
            raise ZoneError(name) from None


def zone_names() -> list[str]:
    """Every time zone that can be named."""
    from importlib import resources

    return resources.files("tzdata").joinpath("zones").read_text("utf-8").split()


def local_day(now_ms: int, name: str) -> date:
    """Today in that zone."""
    moment = _EPOCH + timedelta(milliseconds=max(FIRST_MS, min(LAST_MS, now_ms)))
    if not date.min + timedelta(days=2) <= moment.date() <= date.max - timedelta(days=2):
        return moment.date()  # a zone's offset would leave the calendar
    return moment.astimezone(zone(name)).date()


def shift_days(day: date, days: int) -> date:
    """That many days later, clamped to the calendar."""
    return date.fromordinal(max(1, min(date.max.toordinal(), day.toordinal() + days)))


def shift_months(day: date, months: int) -> date:
    """The same day of the month that many months later, clamped to the month's last day and to the calendar."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    if year < 1:
        return date.min
    if year > 9999:
        return date.max
    for last in (day.day, 30, 29, 28):
        if last <= day.day:
            try:
                return date(year, month + 1, last)
            except ValueError:
                continue
    raise AssertionError("every month has 28 days")


def day_start(day: date, name: str) -> int:
    """Milliseconds of the day's first instant.

    The earlier one when midnight happens twice, the next valid instant when it does not happen.
    """
    if not date.min + timedelta(days=2) <= day <= date.max - timedelta(days=2):
        return (datetime.combine(day, time(), UTC) - _EPOCH) // _MS
    rules = zone(name)
    local = datetime.combine(day, time())
    moment = local.replace(tzinfo=rules).astimezone(UTC)
    if moment.astimezone(rules).replace(tzinfo=None, fold=0) == local:
        return (moment - _EPOCH) // _MS
    return _transition(local, moment, rules)


def _transition(local: datetime, guess: datetime, rules: ZoneInfo) -> int:
    low = (guess - timedelta(days=2) - _EPOCH) // _MS
    high = (guess + timedelta(days=2) - _EPOCH) // _MS
    while low < high:  # the first instant whose wall clock is not before `local`; wall clocks rise across a gap
        middle = (low + high) // 2
        wall = (_EPOCH + timedelta(milliseconds=middle)).astimezone(rules).replace(tzinfo=None, fold=0)
        if wall < local:
            low = middle + 1
        else:
            high = middle
    return low
