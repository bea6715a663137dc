"""What of a catalogue is encrypted, and which predicates ask about it: their constants tell as much as its values.

The same question is asked about personal fields, where a person reads about a customer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .predicate import Element, Events, EventSequence, Leaf, Predicate
from .types import Catalogue, Field
from .walk import children

Tree = dict[str, Any]  # field name: None where the field is encrypted, otherwise the tree of its fields


class Encrypted:
    """The encrypted fields of profiles, and the fields of events of which those are made, by event type.

    With `personal` personal fields count as encrypted ones do, those of events too.
    """

    __slots__ = ("events", "fields")

    def __init__(self, catalogue: Catalogue, *, personal: bool = False) -> None:
        meant = is_private if personal else _is_encrypted
        self.fields = _tree(catalogue.fields, meant)
        self.events = _event_trees(catalogue, self.fields, meant) if self.fields or personal else {}

    def __bool__(self) -> bool:
        """Whether anything is."""
        return bool(self.fields)

    def mentions(self, predicate: Predicate) -> bool:
        """Whether the predicate asks about an encrypted field, or about an event's field of which one is made."""
        open_parts: list[tuple[Predicate, Tree | None]] = [(predicate, self.fields)]
        seen: set[tuple[int, int]] = set()
        while open_parts:
            part, tree = open_parts.pop()
            if tree is None or (isinstance(part, Leaf) and below(tree, part.field) is None):
                return True
            if tree and (id(part), id(tree)) not in seen:
                seen.add((id(part), id(tree)))
                open_parts.extend(self.inside(part, tree))
        return False

    def covers(self, other: Encrypted) -> bool:
        """Whether all that is encrypted in the other one is encrypted here."""
        events = other.events.items()
        return _within(other.fields, self.fields) and all(_within(tree, self.of_event(kind)) for kind, tree in events)

    def of_event(self, kind: str) -> Tree:
        """What is encrypted of the fields of an event type."""
        return self.events.get(kind, {})

    def of_test(self, events: Events) -> Tree | None:
        """What is encrypted where the test of an aggregate looks: None where that is an encrypted value."""
        if events.field is None or events.aggregate in {"count", "distinct"}:
            return {}  # a number, which tells no value
        return below(self.of_event(events.type), events.field)

    def inside(self, part: Predicate, tree: Tree | None) -> Iterator[tuple[Predicate, Tree | None]]:
        """The predicates directly inside, in the order of `children`, each with what is encrypted where it looks.

        None stands for everything.
        """
        match part:
            case Element(of, item):
                yield item, None if tree is None else below(tree, of)
            case Events():
                yield part.test, self.of_test(part)
                if part.where is not None:
                    yield part.where, self.of_event(part.type)
            case EventSequence(steps):
                yield from ((step.where, self.of_event(step.type)) for step in steps if step.where is not None)
            case _:
                yield from ((each, tree) for each in children(part))


def below(tree: Tree, path: str) -> Tree | None:
    """What is encrypted of the fields inside of a path; None where the path itself is, or lies inside of what is."""
    for step in path.split("."):
        if step not in tree:
            return {}
        inside: Tree | None = tree[step]
        if inside is None:
            return None
        tree = inside
    return tree


def _within(tree: Tree, wider: Tree) -> bool:
    for name, inside in tree.items():
        if name not in wider:
            return False
        if wider[name] is not None and (inside is None or not _within(inside, wider[name])):
            return False
    return True


def is_private(field: Field) -> bool:
    """Whether the field's value is shown only on request: it is personal or encrypted."""
    return field.personal or _is_encrypted(field)


def _is_encrypted(field: Field) -> bool:
    return field.encrypted is not None


def _tree(fields: tuple[Field, ...], meant: Callable[[Field], bool]) -> Tree:
    found: Tree = {}
    for field in fields:
        if meant(field):
            found[field.name] = None
        elif inside := _tree(field.fields, meant):
            found[field.name] = inside
    return found


def _event_trees(catalogue: Catalogue, sealed: Tree, meant: Callable[[Field], bool]) -> dict[str, Tree]:
    """An event's field is meant when it is declared so, or a profile field that is meant is made of it."""
    trees: dict[str, Tree] = {}
    for event in catalogue.events:
        sources = [source for target, source in event.sets if target in sealed]
        sources += [
            field.source.field
            for field in catalogue.fields
            if field.name in sealed
            and field.source is not None
            and field.source.event == event.name
            and field.source.field is not None
        ]
        tree = _tree(event.fields, meant) | {name: None for name in sources if event.field(name) is not None}
        if tree:
            trees[event.name] = tree
    return trees
