"""One call's memory: the clock, the events, and results that several conditions share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ...ir.binding import bind_instant, month_days
from ...ir.instant import FIRST_MS, LAST_MS, format_instant
from ...ir.predicate import Anniversary, Now
from ...operators.text import tokens

Event = Mapping[str, Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class Clock:
    """Values that depend on `now` alone; reused as long as `now` stays the same."""

    __slots__ = ("_days", "_instants", "_now", "now_ms")

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self._now: str | None = None
        self._instants: dict[Now, str] = {}
        self._days: dict[Anniversary, frozenset[str]] = {}

    def now(self) -> str:
        """The canonical instant."""
        if self._now is None:
            self._now = format_instant(self.now_ms)
        return self._now

    def instant(self, limit: Now) -> str:
        """The canonical instant that the limit names."""
        found = self._instants.get(limit)
        if found is None:
            found = self._instants[limit] = bind_instant(limit, self.now_ms)
        return found

    def month_days(self, window: Anniversary) -> frozenset[str]:
        """The `MM-DD` of the window's days."""
        found = self._days.get(window)
        if found is None:
            found = self._days[window] = frozenset(month_days(window, self.now_ms))
        return found


class Moment:
    """One profile's evaluation: a clock, the customer's events in event order, and answers worth storing.

    `answers` has them by the number of a question, or by the text that was padded.
    """

    __slots__ = ("answers", "clock", "events")

    def __init__(self, clock: Clock, events: Sequence[Event]) -> None:
        self.clock = clock
        self.events = events
        self.answers: dict[Any, Any] = {}

    def padded_tokens(self, text: str) -> str:
        """The text's tokens, each between blanks; no token holds one, so a phrase is a substring."""
        found: str | None = self.answers.get(text)
        if found is None:
            found = self.answers[text] = padded_tokens(text)
        return found


class Clocks:
    """Reuses the clock of the last call if the next one has the same time."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = Clock(0)

    def moment(self, now_ms: int, events: Sequence[Event]) -> Moment:
        """A moment of one profile's evaluation."""
        clock = self._last
        if clock.now_ms != now_ms:
            clock = self._last = Clock(now_ms)
        return Moment(clock, events)


def padded_tokens(text: str) -> str:
    """The text's tokens joined by blanks, with a blank before and after."""
    return f" {' '.join(tokens(text))} "


moment_of = datetime.fromisoformat  # a canonical instant as a datetime


def age(instant: str, now_ms: int) -> int:
    """Milliseconds from now to a canonical instant; negative for the past."""
    return (moment_of(instant) - EPOCH) // MILLISECOND - now_ms


def datetime_of(now_ms: int) -> datetime:
    """The clock's reading as a datetime, clamped to the calendar."""
    return EPOCH + max(FIRST_MS, min(LAST_MS, now_ms)) * MILLISECOND
