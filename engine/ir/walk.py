"""Questions about predicates; shared parts are visited once, so that a small graph stays small."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from operator import is_
from typing import assert_never

from .predicate import AllOf, AnyOf, Constant, Element, Events, EventSequence, InList, Leaf, Not, Predicate, Step

LEAF_LIMIT = 1_024  # of a segment, references written in; the server's own limit lies above
DEPTH_LIMIT = 64  # of predicates in predicates; what the server takes is counted on the query itself


def children(predicate: Predicate) -> tuple[Predicate, ...]:
    """The predicates directly inside."""
    match predicate:
        case AllOf(items) | AnyOf(items):
            return items
        case Not(item) | Element(item=item):
            return (item,)
        case Events(test=test, where=where):
            return (test,) if where is None else (test, where)
        case EventSequence(steps):
            return tuple(step.where for step in steps if step.where is not None)
        case Constant() | Leaf() | InList():
            return ()
    assert_never(predicate)


def rebuilt(predicate: Predicate, function: Callable[[Predicate], Predicate]) -> Predicate:
    """The predicate with `function` of each predicate directly inside in its place, asked in the order of `children`.

    A predicate of which nothing has changed comes back as it is.
    """
    match predicate:
        case AllOf(items) | AnyOf(items):
            changed = tuple([function(item) for item in items])
            return predicate if _same(items, changed) else type(predicate)(changed)
        case Not(item):
            inside = function(item)
            return predicate if inside is item else Not(inside)
        case Element(of, item):
            inside = function(item)
            return predicate if inside is item else Element(of, inside)
        case Events(test=test, where=where):
            inside = function(test)
            narrowed = None if where is None else function(where)
            return (
                predicate if inside is test and narrowed is where else replace(predicate, test=inside, where=narrowed)
            )
        case EventSequence(steps):
            kept = tuple([_step(step, function) for step in steps])
            return predicate if _same(steps, kept) else replace(predicate, steps=kept)
        case Constant() | Leaf() | InList():
            return predicate
        case _:
            assert_never(predicate)


def _step(step: Step, function: Callable[[Predicate], Predicate]) -> Step:
    where = None if step.where is None else function(step.where)
    return step if where is step.where else replace(step, where=where)


def _same(before: tuple[object, ...], after: tuple[object, ...]) -> bool:
    return all(map(is_, before, after))


def parts(predicate: Predicate) -> Iterator[Predicate]:
    """The predicate and everything inside it; a part that occurs again as the same object is given once."""
    seen: set[int] = set()
    open_parts = [predicate]
    while open_parts:
        part = open_parts.pop()
        if id(part) not in seen:
            seen.add(id(part))
            yield part
            open_parts.extend(children(part))


def leaf_count(predicate: Predicate) -> int:
    """How many leaves the predicate has once shared parts are written out."""
    counts: dict[int, int] = {}
    open_parts = [(predicate, False)]
    while open_parts:
        part, ready = open_parts.pop()
        if id(part) in counts:
            continue
        inside = children(part)
        if ready or not inside:
            counts[id(part)] = sum(counts[id(each)] for each in inside) if inside else 1
        else:
            open_parts.append((part, True))
            open_parts.extend((each, False) for each in inside)
    return counts[id(predicate)]


def depth(predicate: Predicate) -> int:
    """How many predicates lie inside each other at most, the outermost counting one."""
    deepest = 0
    best: dict[int, int] = {}
    open_parts = [(predicate, 1)]
    while open_parts:
        part, level = open_parts.pop()
        if best.get(id(part), 0) >= level:
            continue
        best[id(part)] = level
        deepest = max(deepest, level)
        open_parts.extend((each, level + 1) for each in children(part))
    return deepest


def fields(predicate: Predicate) -> frozenset[str]:
    """The profile's top-level fields whose change may change the verdict; events and lists are not among them."""
    found: set[str] = set()
    open_parts = [predicate]
    seen: set[int] = set()
    while open_parts:
        part = open_parts.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        match part:
            case Leaf(path) | Element(path):
                found.add(path.partition(".")[0])
            case AllOf() | AnyOf() | Not() | Constant() | InList():
                open_parts.extend(children(part))
            case Events() | EventSequence():
                pass
            case _:
                assert_never(part)
    return frozenset(found)


def lists(predicate: Predicate) -> frozenset[str]:
    """The MemberLists it asks."""
    return frozenset(part.list for part in parts(predicate) if isinstance(part, InList))


def event_types(predicate: Predicate) -> frozenset[str]:
    """The event types it looks at."""
    found: set[str] = set()
    for part in parts(predicate):
        if isinstance(part, Events):
            found.add(part.type)
        elif isinstance(part, EventSequence):
            found.update(step.type for step in part.steps)
    return frozenset(found)
