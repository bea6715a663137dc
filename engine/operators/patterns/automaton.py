"""From a pattern's tree to a deterministic automaton, in bounded work.

The states are those of Glushkov (1961): every character node of the tree, its repetitions written out, is a position,
and a state of the automaton is the set of positions that may come next, kept as the bits of an integer.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from .grammar import DOT, Characters, Choice, Node, PatternRefusedError, Repeat, Sequence

MAX_POSITIONS: Final = 1_000
"""Characters of a pattern with its repetitions written out; keeps nested ones within what RE2 takes, too."""
MAX_SIZE: Final = 40_000
"""Positions in all sets that may have matched together, which is how Elasticsearch counts; it refuses some 100,000."""
MAX_WORK: Final = 1_000_000
"""Steps of the construction, about a tenth of a second."""

_DEAD: Final = (0, False)
_EXPECTED: Final = "expected fewer or smaller repetitions"

Row: TypeAlias = list[Any]
"""A state: for each class of characters the next state or None, then whether a value may end here."""


class _CharacterClasses(dict[str, int]):
    """The class of each character: which of the pattern's ranges it is in. Remembers a bounded number."""

    def __init__(self, starts: list[int]) -> None:
        super().__init__()
        self._starts = starts

    def __missing__(self, character: str) -> int:
        number = bisect_right(self._starts, ord(character)) - 1
        if len(self) < MAX_POSITIONS:
            self[character] = number
        return number


@dataclass(frozen=True, slots=True)
class Automaton:
    """Decides in one step for each character."""

    classes: dict[str, int]
    start: Row

    def matches(self, text: str) -> bool:
        """Whether the whole text has the pattern."""
        classes, row = self.classes, self.start
        for character in text:
            row = row[classes[character]]
            if row is None:
                return False
        return bool(row[-1])


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the tree as Glushkov sees it: may it be empty, where may it begin and end."""

    empty: bool
    first: int
    last: int


_NOTHING: Final = _Part(empty=True, first=0, last=0)


class _Positions:
    """The positions of a tree: which characters each takes, and which may follow it."""

    def __init__(self) -> None:
        self.characters: list[Characters] = []
        self.follow: list[int] = []

    def part(self, node: Node) -> _Part:
        """The part of one node, its positions added. Raises PatternRefusedError when they become too many."""
        match node:
            case Characters():
                return self._position(node)
            case Sequence(items):
                whole = _NOTHING
                for item in items:
                    whole = self._then(whole, self.part(item))
                return whole
            case Choice(items):
                parts = [self.part(item) for item in items]
                return _Part(
                    empty=any(part.empty for part in parts),
                    first=_union(part.first for part in parts),
                    last=_union(part.last for part in parts),
                )
            case Repeat(item, least, most):
                return self._repeat(item, least, most)

    def _position(self, node: Characters) -> _Part:
        if len(self.follow) >= MAX_POSITIONS:
            message = f"the pattern has more than {MAX_POSITIONS:,} characters with its repetitions written out"
            raise PatternRefusedError(f"{message}, {_EXPECTED}")
        bit = 1 << len(self.follow)
        self.characters.append(node)
        self.follow.append(0)
        return _Part(empty=False, first=bit, last=bit)

    def _then(self, left: _Part, right: _Part) -> _Part:
        for position in _bits(left.last):
            self.follow[position] |= right.first
        return _Part(
            empty=left.empty and right.empty,
            first=left.first | right.first if left.empty else left.first,
            last=left.last | right.last if right.empty else right.last,
        )

    def _repeat(self, item: Node, least: int, most: int | None) -> _Part:
        """Copies of the item, the last one repeated when there is no `most`; as many as Lucene makes."""
        copies = least + 1 if most is None else most
        parts = [self.part(item) for _ in range(copies)]
        if most is None:
            self._then(parts[-1], parts[-1])
        whole = _NOTHING
        # From the back: what is beyond `least` may stop before each copy.
        for number in range(copies - 1, -1, -1):
            whole = self._then(parts[number], whole)
            if number >= least:
                whole = _Part(empty=True, first=whole.first, last=whole.last)
        return whole


def automaton(tree: Node) -> Automaton:
    """The automaton of a tree. Raises PatternRefusedError when it would become too large."""
    positions = _Positions()
    whole = positions.part(tree)
    starts = _starts(positions.characters)
    takes = [_classes_taken(node, starts) for node in positions.characters]
    dots = _union(1 << number for number, node in enumerate(positions.characters) if node == DOT)
    start = (whole.first, whole.empty)
    rows: dict[tuple[int, bool], Row] = {start: []}
    waiting = [start]
    counted: set[int] = set()
    size = work = 0
    while waiting:
        key = waiting.pop()
        after, cost = _step(key[0], positions.follow, takes, dots, len(starts))
        row = rows[key]
        for matched, state in after:
            target = (state, bool(matched & whole.last))
            if target not in rows and target != _DEAD:
                rows[target] = []
                waiting.append(target)
            row.append(rows.get(target))
            if matched not in counted:
                counted.add(matched)
                size += matched.bit_count()
        row.append(key[1])
        work += cost
        if size > MAX_SIZE or work > MAX_WORK:
            raise PatternRefusedError(f"the pattern has too many ways to match, {_EXPECTED}")
    return Automaton(_CharacterClasses(starts), rows[start])


def _step(
    state: int, follow: list[int], takes: list[list[int]], dots: int, classes: int
) -> tuple[list[tuple[int, int]], int]:
    """For each class of characters which positions take it and which may come next; and the work it was."""
    always, begin = state & dots, 0
    for position in _bits(always):
        begin |= follow[position]
    matched, following = [always] * classes, [begin] * classes
    cost = classes + always.bit_count()
    for position in _bits(state & ~dots):
        bit, next_ones = 1 << position, follow[position]
        for number in takes[position]:
            matched[number] |= bit
            following[number] |= next_ones
        cost += 1 + len(takes[position])
    return list(zip(matched, following, strict=True)), cost


def _starts(nodes: list[Characters]) -> list[int]:
    """Where the classes of characters begin: within one, all nodes take every character or none."""
    edges = {edge for node in nodes for low, high in node.ranges for edge in (low, high + 1)}
    return sorted({0, *(edge for edge in edges if edge <= sys.maxunicode)})


def _classes_taken(node: Characters, starts: list[int]) -> list[int]:
    """The numbers of the classes that a node takes."""
    if node.negated:
        inside = {number for low, high in node.ranges for number in _numbers(low, high, starts)}
        return [number for number in range(len(starts)) if number not in inside]
    return [number for low, high in node.ranges for number in _numbers(low, high, starts)]


def _numbers(low: int, high: int, starts: list[int]) -> range:
    return range(bisect_right(starts, low) - 1, bisect_right(starts, high))


def _bits(number: int) -> list[int]:
    """The places of the bits that are set."""
    places = []
    while number:
        lowest = number & -number
        places.append(lowest.bit_length() - 1)
        number ^= lowest
    return places


def _union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union
