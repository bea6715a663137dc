"""What tells something personal of a customer: fields that say so, what they are made of, and what is made of them.

A private value is also told by what follows from it: a count, an instant at which a verdict flips. So what shows a
customer's facts asks here about a whole predicate, and not about the fields whose values it shows.
"""

from __future__ import annotations

from dataclasses import replace

from .encrypted import Encrypted, below, is_private
from .predicate import Anniversary, Bounds, Element, Events, EventSequence, Leaf, Now, Predicate
from .types import Catalogue, EventType, Field
from .walk import children

_TIMES = (None, "time")  # what an aggregate tells that looks at no field of the events


def with_derived(catalogue: Catalogue) -> Catalogue:
    """The catalogue with `personal` on all that a personal or encrypted value is made of, or that is made of it."""
    while True:
        private = Encrypted(catalogue, personal=True)
        fields = tuple(
            [_mark_personal(each) if _is_made(each, catalogue, private) else each for each in catalogue.fields]
        )
        events = tuple([_with_sources(each, private) for each in catalogue.events])
        wider = replace(catalogue, fields=fields, events=events)
        if wider == catalogue:
            return catalogue
        catalogue = wider


def _mark_personal(field: Field) -> Field:
    return field if is_private(field) else replace(field, personal=True)


def _is_made(field: Field, catalogue: Catalogue, private: Encrypted) -> bool:
    """Whether the profile's field is made of a private field of events."""
    source = field.source
    if source is not None and source.field is not None and below(private.of_event(source.event), source.field) != {}:
        return True
    return any(
        target == field.name and below(private.of_event(event.name), origin) != {}
        for event in catalogue.events
        for target, origin in event.sets
    )


def _with_sources(event: EventType, private: Encrypted) -> EventType:
    tree = private.of_event(event.name)
    fields = [_mark_personal(each) if tree.get(each.name, {}) is None else each for each in event.fields]
    return replace(event, fields=tuple(fields))


class Private:
    """What is private in a catalogue, asked of predicates about a customer."""

    __slots__ = ("_catalogue", "_timed", "encrypted")

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = with_derived(catalogue)
        self.encrypted = Encrypted(self._catalogue, personal=True)
        # Types of events of which there being any, how many and when tells a private value.
        counted = [each.source for each in self._catalogue.fields if each.source is not None and is_private(each)]
        set_to_time = [
            event.name
            for event in self._catalogue.events
            for target, origin in event.sets
            if origin == "time" and below(self.encrypted.fields, target) != {}
        ]
        self._timed = frozenset([*(each.event for each in counted if each.field in _TIMES), *set_to_time])

    def is_revealed_by(self, predicate: Predicate) -> bool:
        """Whether what the predicate saw, or when its verdict flips, tells something private.

        What nobody has declared counts as private.
        """
        if isinstance(predicate, Leaf):
            return self._at(predicate.field)
        if isinstance(predicate, Element):
            return self._at(predicate.of) or self.encrypted.mentions(predicate)
        if isinstance(predicate, Events):
            return self._events(predicate)
        if isinstance(predicate, EventSequence):
            return any(step.type in self._timed for step in predicate.steps) or self.encrypted.mentions(predicate)
        return any(self.is_revealed_by(item) for item in children(predicate))

    def is_revealed_by_step(self, kind: str, where: Predicate | None) -> bool:
        """Whether how many events of a type satisfy a condition, and when the latest did, tells something private."""
        count = Events(kind, "count", _ANY_NUMBER, where=where)
        return self._events(count)

    def moves(self, predicate: Predicate) -> bool:
        """Whether time alone may flip a verdict on the predicate, whatever the customer's facts are."""
        if isinstance(predicate, Leaf):
            value = predicate.value
            limits = (value.lower, value.upper) if isinstance(value, Bounds) else (value,)
            field = self._catalogue.field(predicate.field.partition(".")[0])
            windowed = field is not None and field.source is not None and field.source.within is not None
            return windowed or any(isinstance(limit, Now | Anniversary) for limit in limits)
        if isinstance(predicate, Events | EventSequence):
            return True
        return any(self.moves(item) for item in children(predicate))

    def _at(self, path: str) -> bool:
        """Whether the profile's value at a path is private, holds what is, or is not declared."""
        return self._catalogue.field(path) is None or below(self.encrypted.fields, path) != {}

    def _events(self, events: Events) -> bool:
        if events.type in self._timed or self.encrypted.mentions(events):
            return True
        if events.field in _TIMES:
            return False
        kind = self._catalogue.event(events.type)
        declared = kind is not None and kind.field(events.field.partition(".")[0]) is not None
        return not declared or below(self.encrypted.of_event(events.type), events.field) != {}


_ANY_NUMBER = Leaf("value", "exists", type="integer")
