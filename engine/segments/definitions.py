"""The registry, ready to run: who is in which segment, and when time alone may change that."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from heapq import merge
from itertools import islice
from typing import Any

from ..ir.canonical import digest
from ..ir.codec import encode
from ..ir.instant import LAST_MS, parse_instant
from ..ir.types import Catalogue
from ..profiles.serving import Slide
from ..profiles.slides import changes
from ..runtime.border import Border
from ..runtime.computed import Computed
from ..runtime.flips import Schedule
from ..runtime.fold import Folding, after
from ..runtime.matcher import Matcher
from ..runtime.matcher.delta import Delta
from .registry import Definition, Registry

NEVER = LAST_MS + 1


class Live:
    """What a worker runs at one version of the registry."""

    def __init__(self, registry: Registry, catalogue: Catalogue) -> None:
        self.registry = registry
        self.version = registry.version
        self.catalogue = catalogue
        self.key = catalogue.key
        self.active = registry.active
        self.building = registry.building

    @cached_property
    def border(self) -> Border:
        """The border that turns raw events into canonical ones."""
        return Border(self.catalogue)

    @cached_property
    def catalogue_digest(self) -> str:
        """The catalogue's digest, which profiles folded with it carry."""
        return digest(encode(self.catalogue))

    @cached_property
    def schedule(self) -> Schedule:
        """When time alone may change a verdict, or a profile's windowed aggregate."""
        predicates = {name: each.predicate for name, each in self.active.items()}
        predicates |= {f"{name}@building": each.predicate for name, each in self.building.items()}
        return Schedule(predicates, self.catalogue)

    @cached_property
    def _matcher(self) -> Matcher:
        return matcher_of(self.active, self.key)

    @cached_property
    def _building_matcher(self) -> Matcher:
        return matcher_of(self.building, self.key)

    def prepare(self) -> None:
        """Build now what is otherwise built on first use, so that no event waits for it."""
        _ = self.border, self.folding, self.schedule, self._matcher
        self._delta.prepare()

    @cached_property
    def folding(self) -> Folding:
        """How profiles follow from events."""
        return Folding(self.catalogue)

    def fold(self, profile: str, events: Sequence[Mapping[str, Any]], now_ms: int) -> dict[str, Any]:
        """The canonical profile of a customer's events in event order."""
        return self.folding.profile(profile, events, now_ms)

    def slide(self, value: Mapping[str, Any], events: Sequence[Mapping[str, Any]], now_ms: int) -> Slide:
        """What time alone changes next in the profile, as far as a serving copy can state it.

        That is the next change of windowed aggregates. Changes by a future event, and values of encrypted fields, are
        not stated: the copy is exact until then.
        """
        first = after(events, now_ms)
        until_ms = parse_instant(events[first]["time"]) if first < len(events) else NEVER
        own: dict[str, list[Mapping[str, Any]]] = {kind: [] for kind in self.windowed_types}
        for event in events[:first]:
            if event["type"] in own:
                own[event["type"]].append(event)
        for each in self._sealed:
            until_ms = min([until_ms, *(at for at, _ in islice(changes(each, own[each.source.event], now_ms), 1))])
        found = [_name_changes(each, own[each.source.event], now_ms) for each in self._windowed]
        slides = found[0] if len(found) == 1 else merge(*found, key=_instant)
        found_ms, changed = NEVER, dict[str, Any]()
        for at_ms, name, later in slides:
            if at_ms >= until_ms:
                break
            if changed and at_ms > found_ms:
                until_ms = at_ms
                break
            if later != value.get(name):
                found_ms, changed[name] = at_ms, later
        return Slide(found_ms if changed else None, changed, None if until_ms == NEVER else until_ms)

    @cached_property
    def windowed_types(self) -> tuple[str, ...]:
        """The event types that `slide` reads."""
        windowed = (*self._windowed, *self._sealed)
        return tuple(sorted({each.source.event for each in windowed}))

    @cached_property
    def longest_window_ms(self) -> int:
        """How far back from an instant `slide` reads."""
        windowed = (*self._windowed, *self._sealed)
        return max((each.source.within or 0 for each in windowed), default=0)

    @cached_property
    def _windowed(self) -> tuple[Computed, ...]:
        return tuple(each for each in _in_windows(self.folding) if each.encrypted is None)

    @cached_property
    def _sealed(self) -> tuple[Computed, ...]:
        return tuple(each for each in _in_windows(self.folding) if each.encrypted is not None)

    def match(self, value: Mapping[str, Any], events: Sequence[Mapping[str, Any]], now_ms: int) -> list[str]:
        """The names of the segments whose conditions hold."""
        return self._matcher.match(value, now_ms, events)

    @cached_property
    def _delta(self) -> Delta:
        segments = [(name, each.predicate) for name, each in self.active.items()]
        return Delta(segments, _lists(self.active), self.key)

    def moves(
        self,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        events: Sequence[Mapping[str, Any]],
        now_ms: int,
        *,
        event_types: Collection[str],
        was: AbstractSet[str],
    ) -> tuple[list[str], list[str]]:
        """The segments whose conditions hold since the change, and those whose conditions no longer hold.

        Only segments that mention a changed field, or the type of a new event, are evaluated. `was` are the segments
        that the customer is in; nothing may have been due since they were determined.
        """
        fields = [name for name in old.keys() | new.keys() if old.get(name) != new.get(name)]
        return self._delta.moves(
            old, new, now_ms, events, fields=fields, event_types=event_types, was=was, as_of_now=True
        )

    def match_building(self, value: Mapping[str, Any], events: Sequence[Mapping[str, Any]], now_ms: int) -> set[str]:
        """The names of the segments being built whose new conditions hold."""
        return set(self._building_matcher.match(value, now_ms, events))

    def due(self, value: Mapping[str, Any], events: Sequence[Mapping[str, Any]], now_ms: int) -> int | None:
        """The next instant (ms) at which time alone may change profile or membership."""
        return self.schedule.next(value, events, now_ms)


def _in_windows(folding: Folding) -> Iterator[Computed]:
    return (each for each in folding.computed if each.source.within is not None)


def _name_changes(computed: Computed, own: Sequence[Mapping[str, Any]], now_ms: int) -> Iterator[tuple[int, str, Any]]:
    return ((at_ms, computed.name, value) for at_ms, value in changes(computed, own, now_ms))


def _instant(found: tuple[int, str, Any]) -> int:
    return found[0]


def matcher_of(definitions: Mapping[str, Definition], key: str) -> Matcher:
    """The matcher of definitions by name."""
    return Matcher([(name, definitions[name].predicate) for name in sorted(definitions)], _lists(definitions), key)


def _lists(definitions: Mapping[str, Definition]) -> dict[str, frozenset[str]]:
    return {name: frozenset(members) for each in definitions.values() for name, members in each.lists.items()}
