"""When local days begin, and when the current one ends."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, datetime, time
from functools import lru_cache
from typing import NamedTuple

from ...ir.instant import FIRST_MS, LAST_MS
from ...ir.zones import day_start, local_day, zone
from ..matcher.moment import EPOCH, MILLISECOND

DAY_MS = 86_400_000
FIRST_DAY, LAST_DAY = 1, date.max.toordinal()
RIM = 4  # days from an end of the calendar within which zones are not followed strictly
UNIX_DAY = date(1970, 1, 1).toordinal()


class Today(NamedTuple):
    """The local day of the instants from `since` to before `until`; `odd` near a midnight that happens twice."""

    ordinal: int
    since: int
    until: int
    odd: bool


_TODAY: dict[str, Today] = {}  # the last answer of each zone: calls come in order of time


def today(now_ms: int, name: str) -> Today:
    """The local day at an instant."""
    known = _TODAY.get(name)
    if known is None or not known.since <= now_ms < known.until:
        known = _TODAY[name] = _today(now_ms, name)
    return known


def _today(now_ms: int, name: str) -> Today:
    ordinal = local_day(now_ms, name).toordinal()
    own, following = turns(ordinal, name), turns(ordinal + 1, name)
    odd = len(own) > 1 or len(following) > 1
    until = min((turn for turn in (*own, *following) if turn > now_ms), default=LAST_MS + 1)
    since = now_ms if odd or not own else min(own[0], now_ms)
    return Today(ordinal, since, until, odd)


def day_of(ms: int, name: str) -> int:
    """The ordinal of the local day at an instant."""
    return local_day(ms, name).toordinal()


@lru_cache(maxsize=65_536)
def turns(ordinal: int, name: str) -> tuple[int, ...]:
    """The instants at which it becomes that local day or a later one; none at an end of the calendar.

    It is one, or three where clocks are set back across midnight: the day begins, is undone, and begins again.
    """
    if not FIRST_DAY < ordinal <= LAST_DAY:
        return ()
    if ordinal <= FIRST_DAY + RIM or ordinal >= LAST_DAY - RIM:
        return (_search_day(ordinal, name),)
    day = date.fromordinal(ordinal)
    first = day_start(day, name)
    midnight = datetime.combine(day, time(), zone(name))
    again = (midnight.replace(fold=1) - EPOCH) // MILLISECOND
    if again <= first or day_of(again - 1, name) >= ordinal:
        return (first,)
    back = first + bisect_left(range(first, again), True, key=lambda ms: day_of(ms, name) < ordinal)  # noqa: FBT003 - the answer looked for
    return first, back, again


def _search_day(ordinal: int, name: str) -> int:
    """The first instant at which it is that local day or a later one."""
    middle = (ordinal - UNIX_DAY) * DAY_MS
    around = range(max(FIRST_MS, middle - 2 * DAY_MS), min(LAST_MS, middle + 2 * DAY_MS) + 1)
    return around[bisect_left(around, ordinal, key=lambda ms: day_of(ms, name))]


@lru_cache(maxsize=65_536)
def begin(ordinal: int, name: str) -> int:
    """The day's first instant as limits are bound to it; beyond the calendar, after everything or before it."""
    if ordinal > LAST_DAY:
        return LAST_MS + 1
    return day_start(date.fromordinal(ordinal), name) if ordinal >= FIRST_DAY else FIRST_MS - 1


def day_after(ms: int, name: str, *, strictly: bool) -> int:
    """The first day whose beginning is not before the instant, or `strictly` is after it; its ordinal."""
    day = ms // DAY_MS + UNIX_DAY - 2  # no zone is further from UTC
    ms += strictly
    while begin(day, name) < ms:
        day += 1
    return day
