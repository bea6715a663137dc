"""Segments behind doors: one look at a field's value leaves the few segments that ask for that value."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from ...ir.frozen import Frozen, frozen
from ...ir.predicate import AllOf, Constant, Leaf, Predicate
from .guess import guess
from .plain import Segment

ALWAYS = Constant(True)  # noqa: FBT003 - the one always
FEWEST = 4  # segments behind a door
FEWEST_SEGMENTS = 40  # below which doors cost more than they spare
KEYED = frozenset({"keyword", "integer", "date", "day"})


@frozen
class Door(Frozen):
    """The field at `path`, the number of a group by its value, and the groups: segments without the known condition."""

    path: str
    numbers: dict[Any, int]
    groups: list[tuple[Segment, ...]]


def split_doors(segments: Sequence[Segment]) -> tuple[list[Door], list[Segment]]:
    """The doors, and in their order the segments that are behind none."""
    if len(segments) < FEWEST_SEGMENTS:
        return [], list(segments)
    keys = [list(_keys(predicate)) for _, predicate in segments]
    common = Counter(leaf.field for leaves in keys for leaf in leaves)
    behind: dict[str, list[tuple[Leaf, Segment]]] = defaultdict(list)
    for segment, leaves in zip(segments, keys, strict=True):
        if leaves:
            best = min(leaves, key=lambda leaf: (guess(leaf).share, -common[leaf.field]))
            behind[best.field].append((best, segment))
    doors = {path: members for path, members in behind.items() if len(members) >= FEWEST}
    hidden = {name for members in doors.values() for _, (name, _) in members}
    others = [segment for segment in segments if segment[0] not in hidden]
    return [_door(path, members) for path, members in doors.items()], others


def _keys(predicate: Predicate) -> Iterator[Leaf]:
    """The conditions that must hold and name the values of a field."""
    items = predicate.items if isinstance(predicate, AllOf) else (predicate,)
    for item in items:
        if isinstance(item, Leaf) and item.op in ("equals", "in") and item.type in KEYED and not item.many:
            yield item


def _door(path: str, members: Sequence[tuple[Leaf, Segment]]) -> Door:
    by_value: dict[Any, list[Segment]] = defaultdict(list)
    for leaf, (name, predicate) in members:
        left = (name, _without(predicate, leaf))
        for constant in leaf.value if isinstance(leaf.value, tuple) else (leaf.value,):
            by_value[constant].append(left)
    groups: dict[tuple[str, ...], int] = {}
    found: list[tuple[Segment, ...]] = []
    numbers = {}
    for value, behind in by_value.items():
        number = groups.setdefault(tuple(name for name, _ in behind), len(found))
        if number == len(found):
            found.append(tuple(behind))
        numbers[value] = number
    return Door(path, numbers, found)


def _without(predicate: Predicate, leaf: Leaf) -> Predicate:
    if not isinstance(predicate, AllOf):
        return ALWAYS
    items = tuple(item for item in predicate.items if item is not leaf)
    return AllOf(items) if items else ALWAYS
