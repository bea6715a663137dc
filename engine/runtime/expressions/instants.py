"""Datetimes as canonical text (which orders like time) and timedeltas as milliseconds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from ...ir.instant import FIRST_MS, LAST_MS, format_instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_DAY_MS = 86_400_000
_MIDNIGHT = "T00:00:00.000Z"
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SPAN_LIMIT = LAST_MS - FIRST_MS  # the years 1 to 9999; no two instants are further apart


def milliseconds(instant: str | None) -> int | None:
    """Milliseconds since 1970-01-01T00:00:00Z of a canonical instant."""
    return None if instant is None else (datetime.fromisoformat(instant) - _EPOCH) // _MS


def instant_of(ms: int | None) -> str | None:
    """The canonical instant; missing outside the years 1 to 9999."""
    return None if ms is None or not FIRST_MS <= ms <= LAST_MS else format_instant(ms)


def add_spans(left: int | None, right: int | None) -> int | None:
    """The sum of two timedeltas, or of an instant in milliseconds and a timedelta; missing beyond all calendars."""
    return None if left is None or right is None else _span(left + right)


def subtract_spans(left: int | None, right: int | None) -> int | None:
    """The difference, as `add_spans`."""
    return None if left is None or right is None else _span(left - right)


def negate_span(ms: int | None) -> int | None:
    """The negative timedelta."""
    return None if ms is None else -ms


def _span(ms: int) -> int | None:
    return ms if -SPAN_LIMIT <= ms <= SPAN_LIMIT else None


def whole_days(ms: int | None) -> int | None:
    """The whole days of a timedelta, rounded down."""
    return None if ms is None else ms // _DAY_MS


def seconds(ms: int | None) -> float | None:
    """Milliseconds as seconds, as a double."""
    return None if ms is None else ms / 1_000


def start_of_day(instant: str | None) -> str | None:
    """The first instant of the day in UTC."""
    return None if instant is None else instant[:10] + _MIDNIGHT


def year(instant: str | None) -> int | None:
    """The year in UTC."""
    return None if instant is None else int(instant[:4])


def month(instant: str | None) -> int | None:
    """The month in UTC, 1 to 12."""
    return None if instant is None else int(instant[5:7])


def day(instant: str | None) -> int | None:
    """The day of the month in UTC."""
    return None if instant is None else int(instant[8:10])


def hour(instant: str | None) -> int | None:
    """The hour in UTC."""
    return None if instant is None else int(instant[11:13])


def minute(instant: str | None) -> int | None:
    """The minute in UTC."""
    return None if instant is None else int(instant[14:16])


def second(instant: str | None) -> int | None:
    """The second in UTC."""
    return None if instant is None else int(instant[17:19])


def millisecond(instant: str | None) -> int | None:
    """The millisecond in UTC."""
    return None if instant is None else int(instant[20:23])


def weekday(instant: str | None) -> str | None:
    """The English name of the day of the week in UTC."""
    return None if instant is None else _WEEKDAYS[date.fromisoformat(instant[:10]).weekday()]


def epoch(instant: str | None) -> float | None:
    """Seconds since 1970-01-01T00:00:00Z, as a double."""
    return seconds(milliseconds(instant))
