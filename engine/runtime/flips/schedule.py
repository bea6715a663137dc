"""One look at a customer: when time alone may next change any verdict, or an aggregate in a window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...ir.instant import LAST_MS
from ...ir.predicate import Predicate
from ...ir.types import Catalogue
from ...ir.walk import fields
from ..matcher.moment import Event
from .watch import EventWatch, Gathered, Watch, reads_clock


class Schedule:
    """When time alone may change a verdict of the predicates, or the value of an aggregate of the catalogue.

    `clocked` are the names of the predicates that time alone can change, by what they ask or by an aggregate in a
    window that they read.
    """

    __slots__ = ("_events", "_profile", "clocked")

    def __init__(self, predicates: Mapping[str, Predicate], catalogue: Catalogue) -> None:
        gathered = Gathered()
        windowed = set()
        for predicate in predicates.values():
            gathered.add(predicate)
        for field in catalogue.fields:
            if field.source is not None and field.source.within is not None:
                gathered.add_window(field.source)
                windowed.add(field.name)
        self.clocked: frozenset[str] = frozenset(
            name
            for name, predicate in predicates.items()
            if reads_clock(predicate) or not windowed.isdisjoint(fields(predicate))
        )
        self._profile = Watch(gathered)
        self._events = EventWatch(gathered)

    def next(self, profile: Mapping[str, Any], events: Sequence[Event], now_ms: int) -> int | None:
        """The first instant (ms) after now at which something may change, never later than it does; None for never.

        The profile is canonical as of now, the events are canonical and in event order. An event in the future of now
        may change anything when it happens.
        """
        found = min(self._profile.next(profile, now_ms), self._events.next(events, now_ms))
        return found if found <= LAST_MS else None
