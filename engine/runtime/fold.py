"""A profile as its events make it: the fields they set and the aggregates over them, as of one instant.

This is the only fold. A worker, the command line, tests of workspaces and the Python API all use it, so the same events
give the same profile wherever they are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..ir.instant import format_instant
from ..ir.types import Catalogue
from .border import SET, admitting
from .computed import Computed, Event, value_of


class Folding:
    """Folds events into profiles of one catalogue.

    Every value that enters a profile is validated for its field here: event types may declare more than the field
    holds, and an event may have been stored under another catalogue. A value that fails is missing.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._key = catalogue.key
        self._settable = {field.name: admitting(field) for field in catalogue.fields if field.source is None}
        self._sets = {
            event.name: tuple(pair for pair in event.sets if pair[0] in self._settable) for event in catalogue.events
        }
        self._targets = len({target for pairs in self._sets.values() for target, _source in pairs})
        self.computed = tuple(
            Computed(field, catalogue.event(field.source.event))
            for field in catalogue.fields
            if field.source is not None
        )
        self._by_event: dict[str, list[Computed]] = {}
        for each in self.computed:
            self._by_event.setdefault(each.source.event, []).append(each)
        of_nothing = fold_computed(self.computed, (), 0)
        self.of_nothing = {name: value for name, value in of_nothing.items() if value is not None}

    def without_events(self, stated: dict[str, Any]) -> dict[str, Any]:
        """The canonical profile of a customer without events: the one stated, with the aggregates it does not state.

        Those that have a value over no events are added to `stated` itself: counts, sums and numbers of distinct values
        are 0.
        """
        for name, value in self.of_nothing.items():
            if name not in stated:
                stated[name] = value
        return stated

    def profile(
        self, key: str, events: Sequence[Event], now_ms: int, refused: set[str] | None = None
    ) -> dict[str, Any]:
        """The canonical profile of `key` from its canonical events in event order; events after now do not count.

        The names of aggregates that are missing because the field may not hold them are put into `refused`.
        """
        return self.over({self._key: key}, events, now_ms, refused)

    def over(
        self, stated: Mapping[str, Any], events: Sequence[Event], now_ms: int, refused: set[str] | None = None
    ) -> dict[str, Any]:
        """Like `profile`, for a customer whose `stated` fields were known before, as if set by a first `$set`.

        `stated` is canonical, with the key and without aggregates (see `Border.profile_with_events`).
        """
        known = events[: after(events, now_ms)]
        profile = dict(stated)
        self._set_latest(profile, known)
        for each in self.computed:
            value = each.at(known, now_ms, refused)
            if value is not None:
                profile[each.name] = value
        return profile

    def refused_fields(self, event: Event) -> Iterator[str]:
        """The names of the fields that may not hold the event's values for them."""
        for target, value in self._settable_values(event):
            if value is not None and self._settable[target](value) is None:
                yield target
        for each in self._by_event.get(event["type"], ()):
            if each.refuses(event):
                yield each.name

    def source_of(self, field: str) -> str:
        """The type of the events that an aggregate follows from."""
        return next(each.source.event for each in self.computed if each.name == field)

    def _settable_values(self, event: Event) -> Iterator[tuple[str, Any]]:
        """What the event says of fields that can be set; its type, or a field, may no longer be declared."""
        if event["type"] == SET:
            for target, value in event["data"].items():
                if target in self._settable:
                    yield target, value
        else:
            for target, source in self._sets.get(event["type"], ()):
                yield target, value_of(event, source)

    def _set_latest(self, profile: dict[str, Any], events: Sequence[Event]) -> None:
        """Set each field to its latest value, by an event that sets it or set directly; remove what was cleared."""
        decided: set[str] = set()
        directly = any(event["type"] == SET for event in events)
        for event in reversed(events):
            if not directly and len(decided) == self._targets:
                return
            for target, value in self._settable_values(event):
                if target in decided:
                    continue
                if value is None:
                    if event["type"] == SET:
                        decided.add(target)
                        profile.pop(target, None)
                elif (kept := self._settable[target](value)) is not None:
                    profile[target] = kept
                    decided.add(target)


def fold(catalogue: Catalogue, key: str, events: Sequence[Event], now_ms: int) -> dict[str, Any]:
    """The canonical profile of `key` from its canonical events in event order; events after now do not count."""
    return Folding(catalogue).profile(key, events, now_ms)


def fold_computed(computed: Iterable[Computed], events: Sequence[Event], now_ms: int) -> dict[str, Any]:
    """The values of aggregates by field, None where missing; as a profile has them."""
    known = events[: after(events, now_ms)]
    return {each.name: each.at(known, now_ms) for each in computed}


def after(events: Sequence[Event], now_ms: int) -> int:
    """The place of the first event, in event order, that lies in the future of now."""
    return bisect_right(events, format_instant(now_ms), key=_time)


def _time(event: Event) -> str:
    time: str = event["time"]
    return time
