"""Instants: UTC with exactly milliseconds, as canonical text that orders like time (`2026-03-01T09:30:00.000Z`)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_INSTANT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_CANONICAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_DURATION = re.compile(r"(\d{1,9})([smhdw])", re.ASCII)
_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}

FIRST_INSTANT = "0001-01-01T00:00:00.000Z"
LAST_INSTANT = "9999-12-31T23:59:59.999Z"
FIRST_MS = -62_135_596_800_000
LAST_MS = 253_402_300_799_999
DURATION_LIMIT = 100 * 366 * 86_400_000  # a hundred years


class InstantError(ValueError):
    """The text is not an instant; the message says what was expected."""


def parse_instant(text: str) -> int:
    """Milliseconds since 1970-01-01T00:00:00Z.

    Raises InstantError for a missing zone, precision finer than milliseconds, or a date that does not exist.
    """
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise InstantError("an instant with a zone, as 2026-03-01T09:30:00Z")
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    fraction = (found[7] or "").ljust(3, "0")
    if fraction[3:].strip("0"):
        raise InstantError("an instant with at most milliseconds")
    try:
        moment = datetime(year, month, day, hour, minute, second, int(fraction[:3]) * 1_000, tzinfo=_zone(found[8]))
    except ValueError:
        raise InstantError("an instant that exists, in the years 1 to 9999") from None
    ms = (moment - _EPOCH) // _MS
    if not FIRST_MS <= ms <= LAST_MS:
        raise InstantError("an instant in the years 1 to 9999")
    return ms


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    if minutes > 59:
        raise ValueError(text)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


@lru_cache(maxsize=4_096)  # a batch asks for the same few instants again and again
def format_instant(ms: int) -> str:
    """Canonical text of an instant; clamped to the years 1 to 9999."""
    ms = max(FIRST_MS, min(LAST_MS, ms))
    moment = _EPOCH + timedelta(milliseconds=ms)
    return (
        f"{moment.year:04}-{moment.month:02}-{moment.day:02}T{moment.hour:02}:{moment.minute:02}:"
        f"{moment.second:02}.{moment.microsecond // 1_000:03}Z"
    )


def canonical_instant(text: str) -> str:
    """Canonical text of an instant written in any accepted way. Raises InstantError."""
    if _CANONICAL.fullmatch(text):
        try:
            datetime.fromisoformat(text)
        except ValueError:
            raise InstantError("an instant that exists, in the years 1 to 9999") from None
        return text
    return format_instant(parse_instant(text))


def canonical_day(text: str) -> str:
    """A calendar day `YYYY-MM-DD`. Raises InstantError when it does not exist."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise InstantError("a calendar day, as 1990-02-28")
    try:
        date.fromisoformat(text)
    except ValueError:
        raise InstantError("a calendar day that exists") from None
    return text


def parse_duration(text: str) -> int:
    """Milliseconds of `15m`, `12h`, `30d`, `2w`. Raises InstantError."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise InstantError("a duration, as 15m, 12h, 30d or 2w")
    ms = int(found[1]) * _UNIT_MS[found[2]]
    if not 0 < ms <= DURATION_LIMIT:
        raise InstantError("a duration of more than nothing and at most 100 years")
    return ms


def format_duration(ms: int) -> str:
    """The shortest exact text of a duration in days, hours, minutes, seconds or (unauthored) milliseconds."""
    for unit in ("d", "h", "m", "s"):
        if ms % _UNIT_MS[unit] == 0 and ms:
            return f"{ms // _UNIT_MS[unit]}{unit}"
    return f"{ms}ms" if ms else "0d"
