"""The registry made ready to run: who is in which segment, and when time alone may change that."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Any

from ..ir.canonical import digest
from ..ir.codec import encode
from ..ir.types import Catalogue, Field
from ..profiles.fold import fold, fold_windows
from ..runtime.border import Border
from ..runtime.flips import Schedule
from ..runtime.matcher import Matcher
from ..runtime.matcher.delta import Delta
from .registry import Definition, Registry

_SLIDES = 8  # instants at which windows slide that are looked at until one changes a value


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
        """What turns raw events into canonical ones."""
        return Border(self.catalogue)

    @cached_property
    def catalogue_digest(self) -> str:
        """By which a profile is known to have been made with this catalogue."""
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
        """Make at once what is otherwise made when it is first needed, so that no event waits for it."""
        _ = self.border, self.schedule, self._slides, self._matcher
        self._delta.prepare()

    def fold(self, profile: str, events: Sequence[Mapping[str, Any]], now_ms: int) -> dict[str, Any]:
        """The canonical profile of a customer's events in event order."""
        return fold(self.catalogue, profile, events, now_ms)

    def slide(
        self, value: Mapping[str, Any], events: Sequence[Mapping[str, Any]], now_ms: int
    ) -> tuple[int | None, dict[str, Any]]:
        """When time alone next changes aggregates in windows, and their values then, None where missing.

        Encrypted ones are left out. None where that does not happen, or not at the next few instants at which it could.
        """
        at_ms = now_ms
        for _ in range(_SLIDES if self._windowed else 0):
            following = self._slides.next(value, events, at_ms)
            if following is None:
                break
            at_ms = following
            later = fold_windows(self._windowed, events, at_ms)
            changed = {name: later[name] for name in later if later[name] != value.get(name)}
            if changed:
                return at_ms, changed
        return None, {}

    @cached_property
    def windowed_types(self) -> tuple[str, ...]:
        """The types of the events that `slide` looks at."""
        return tuple(sorted({each.source.event for each in self._windowed if each.source is not None}))

    @cached_property
    def longest_window_ms(self) -> int:
        """How far back from an instant `slide` looks."""
        return max((each.source.within or 0 for each in self._windowed if each.source is not None), default=0)

    @cached_property
    def _slides(self) -> Schedule:
        return Schedule({}, self.catalogue)

    @cached_property
    def _windowed(self) -> tuple[Field, ...]:
        return tuple(
            each
            for each in self.catalogue.fields
            if each.source is not None and each.source.within is not None and each.encrypted is None
        )

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
        """The segments whose conditions hold since the change, and those whose hold no longer.

        Only segments that mention a field that differs, or the type of an event that came, are looked at. `was` are
        those that the customer is in, and nothing has been due since they were found.
        """
        fields = [name for name in old.keys() | new.keys() if old.get(name) != new.get(name)]
        return self._delta.changed(
            old, new, now_ms, events, fields=fields, event_types=event_types, was=was, as_of_now=True
        )

    def match_building(self, value: Mapping[str, Any], events: Sequence[Mapping[str, Any]], now_ms: int) -> set[str]:
        """The names of the segments whose new conditions hold, of those that are being built."""
        return set(self._building_matcher.match(value, now_ms, events))

    def due(self, value: Mapping[str, Any], events: Sequence[Mapping[str, Any]], now_ms: int) -> int | None:
        """The next instant (ms) at which time alone may change profile or membership."""
        return self.schedule.next(value, events, now_ms)


def matcher_of(definitions: Mapping[str, Definition], key: str) -> Matcher:
    """The matcher of definitions by name."""
    return Matcher([(name, definitions[name].predicate) for name in sorted(definitions)], _lists(definitions), key)


def _lists(definitions: Mapping[str, Definition]) -> dict[str, frozenset[str]]:
    return {name: frozenset(members) for each in definitions.values() for name, members in each.lists.items()}
