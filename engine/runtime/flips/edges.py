"""Limits that move with now, and when the next of them passes a value."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from functools import partial
from typing import NamedTuple, Protocol, TypeAlias

from ...ir.instant import LAST_MS
from ...ir.predicate import Anniversary, Bounds, Leaf, Now
from ..matcher.moment import EPOCH, MILLISECOND, moment_of
from .days import LAST_DAY, day_after, today, turns

NEVER = LAST_MS + 1
MONTHS_LIMIT = 12 * 10_000
ALWAYS_DAYS = 365  # an anniversary is never further ahead,
LAST_YEARS = date(9998, 1, 1).toordinal()  # but for the end of the calendar, looked at from there only


class Limit(NamedTuple):
    """A verdict on a value changes when the limit reaches the value, or `after` it, when it has passed it."""

    now: Now
    after: bool


Edge: TypeAlias = "Limit | Anniversary"


class Edges(Protocol):
    """Limits on one kind of value."""

    def next(self, value: str, now_ms: int) -> int:
        """The first instant after now at which a limit passes the value, never later, or NEVER."""
        ...


def edges_of(leaf: Leaf) -> list[Edge]:
    """The limits of a leaf that move with now."""
    if isinstance(leaf.value, Anniversary):
        return [leaf.value]
    if not isinstance(leaf.value, Bounds):
        return []
    lower, upper = leaf.value.lower, leaf.value.upper
    found: list[Edge] = [Limit(lower, after=leaf.value.lower_inclusive)] if isinstance(lower, Now) else []
    return [*found, Limit(upper, after=not leaf.value.upper_inclusive)] if isinstance(upper, Now) else found


def prepare_edges(edges: Collection[Edge]) -> Edges:
    """The limits prepared for look-ups; all limits of one field are of one kind."""
    anniversaries = [edge for edge in edges if isinstance(edge, Anniversary)]
    if anniversaries:
        return Anniversaries(anniversaries)
    return Limits([edge for edge in edges if isinstance(edge, Limit)])


def ms_of(instant: str) -> int:
    """Milliseconds since 1970 of a canonical instant."""
    return (moment_of(instant) - EPOCH) // MILLISECOND


class Limits:
    """Limits on instants: some a span of time from now, some bound to local days."""

    __slots__ = ("_days", "_spans")

    def __init__(self, limits: Collection[Limit]) -> None:
        self._spans = sorted({limit.after - limit.now.amount for limit in limits if limit.now.unit == "ms"})
        days: dict[tuple[str, str, bool], set[int]] = defaultdict(set)
        for now, after in limits:
            if now.unit != "ms":
                days[now.zone, now.unit, after].add(now.amount)
        self._days = [_LocalDays(*key, sorted(amounts)) for key, amounts in sorted(days.items())]

    def next(self, value: str, now_ms: int) -> int:
        """See `Edges`."""
        ms = ms_of(value)
        spans = self._spans
        place = bisect_right(spans, now_ms - ms)
        found = ms + spans[place] if place < len(spans) else NEVER
        for days in self._days:
            found = min(found, days.next(ms, now_ms))
        return found


class _LocalDays:
    """Limits of one unit in one zone, which move at midnight and only then; the larger the amount, the sooner."""

    __slots__ = ("_after", "_amounts", "_months", "_zone")

    def __init__(self, zone: str, unit: str, after: bool, amounts: Sequence[int]) -> None:  # noqa: FBT001 - a part of the key of a group
        self._zone, self._after, self._amounts = zone, after, amounts
        self._months = unit == "months"

    def next(self, ms: int, now_ms: int) -> int:
        day, _, until, odd = today(now_ms, self._zone)
        if odd:
            return until
        target = day_after(ms, self._zone, strictly=self._after)
        coming = self._in_months(target, day) if self._months else self._in_days(target, day)
        if coming > LAST_DAY:
            return NEVER
        return until if coming == day + 1 else turns(coming, self._zone)[0]

    def _in_days(self, target: int, today: int) -> int:
        """The first day after today from which some amount of days leads to the target."""
        place = bisect_left(self._amounts, target - today) - 1
        return target - self._amounts[place] if place >= 0 and target <= LAST_DAY else LAST_DAY + 1

    def _in_months(self, target: int, today: int) -> int:
        """The same for months."""
        if target > LAST_DAY:
            return LAST_DAY + 1
        due = partial(_is_due, target, today)
        place = bisect_left(self._amounts, True, key=due) - 1  # noqa: FBT003 - the answer looked for
        return months_before(target, self._amounts[place]) if place >= 0 else LAST_DAY + 1


def _is_due(target: int, today: int, amount: int) -> bool:
    return months_before(target, amount) <= today


def months_before(target: int, amount: int) -> int:
    """The first day from which that many months lead to the target or beyond it, clamped to the ends of months."""
    wanted = date.fromordinal(target)
    months = wanted.year * 12 + wanted.month - 1 - amount
    if months < 12:
        return 0
    if months >= MONTHS_LIMIT:
        return LAST_DAY + 1
    year, month = divmod(months, 12)
    try:
        return date(year, month + 1, wanted.day).toordinal()
    except ValueError:  # no month is so short that the next does not begin after it
        return date(year, month + 2, 1).toordinal()


class Anniversaries:
    """Days that come round every year, seen up to so many days ahead."""

    __slots__ = ("_zones",)

    def __init__(self, windows: Collection[Anniversary]) -> None:
        zones: dict[str, set[int]] = defaultdict(set)
        for window in windows:
            zones[window.zone].add(window.days)
        self._zones = [(zone, sorted(days)) for zone, days in sorted(zones.items())]

    def next(self, value: str, now_ms: int) -> int:
        """See `Edges`."""
        found = NEVER
        for zone, days in self._zones:
            day, _, until, odd = today(now_ms, zone)
            found = min(found, until if odd else _round(value, day, days, zone))
        return found


def _round(value: str, day: int, days: Sequence[int], zone: str) -> int:
    if days[0] >= ALWAYS_DAYS and day < LAST_YEARS:
        return NEVER
    coming = _next_occurrence(int(value[5:7]), int(value[8:10]), day)
    place = bisect_left(days, coming - day) - 1  # the widest window that does not show it yet
    return (turns(coming - days[place] if place >= 0 else coming + 1, zone) or (NEVER,))[0]


def _next_occurrence(month: int, day: int, today: int) -> int:
    """The ordinal of the first day from today on that has that month and day, 28 February for 29 in common years."""
    year = date.fromordinal(today).year
    found = _in_year(year, month, day)
    return found if found >= today else _in_year(year + 1, month, day)


def _in_year(year: int, month: int, day: int) -> int:
    if year > date.max.year:
        return LAST_DAY + 366
    try:
        return date(year, month, day).toordinal()
    except ValueError:
        return date(year, month, 28).toordinal()
