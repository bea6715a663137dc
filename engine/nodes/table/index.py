"""A look-up of rows by the columns' values, for tables too long for a chain of conditions.

Each column keeps, for every class of values that its cells tell apart, the set of rows that allow the class, as the
bits of one integer. A look-up finds the class of each value (a dictionary for constants, bisection for ordered values),
takes the sets and intersects them; the lowest bit left is the first row that is hit.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

from ...ir.cells import CellTest, Equals, Missing, Negated, OneOf, Range
from ...ir.expression import ValueType
from .meaning import holds

Rows = int
Lookup = Callable[[Any], Rows]


class TableIndex:
    """The rows of one table: `first` and `all` of the columns' values."""

    __slots__ = ("_lookups",)

    def __init__(self, cells: Sequence[Sequence[CellTest]], types: Sequence[ValueType]) -> None:
        columns = [[row[index] for row in cells] for index in range(len(types))]
        self._lookups = [_lookup(column, kind) for column, kind in zip(columns, types, strict=True)]

    def _hits(self, values: Sequence[Any]) -> Rows:
        rows = -1
        for lookup, value in zip(self._lookups, values, strict=True):
            rows &= lookup(value)
            if not rows:
                break
        return rows

    def first(self, *values: Any) -> int:
        """The index of the first row that is hit, -1 for none."""
        rows = self._hits(values)
        return (rows & -rows).bit_length() - 1

    def all(self, *values: Any) -> list[int]:
        """The indexes of all rows that are hit."""
        rows, found = self._hits(values), []
        while rows:
            low = rows & -rows
            found.append(low.bit_length() - 1)
            rows ^= low
        return found


def _lookup(column: Sequence[CellTest], kind: ValueType) -> Lookup:
    if kind.kind == "array":
        return _list_lookup(column)
    if any(isinstance(_positive(cell), Range) for cell in column):
        return _ordered_lookup(column)
    return _constant_lookup(column)


def _positive(cell: CellTest) -> CellTest:
    while isinstance(cell, Negated):
        cell = cell.test
    return cell


def _rows(column: Sequence[CellTest], value: Any) -> Rows:
    """The rows that allow a value."""
    verdicts: dict[CellTest, bool] = {}
    rows = 0
    for index, cell in enumerate(column):
        verdict = verdicts.get(cell)
        if verdict is None:
            verdict = verdicts[cell] = holds(cell, value)
        if verdict:
            rows |= 1 << index
    return rows


class _Other:
    """A value that equals no constant."""


def _constants(column: Sequence[CellTest]) -> set[Any]:
    found: set[Any] = set()
    for cell in map(_positive, column):
        if isinstance(cell, Equals):
            found.add(cell.value)
        elif isinstance(cell, OneOf):
            found.update(cell.values)
    return found


def _constant_lookup(column: Sequence[CellTest]) -> Lookup:
    known = _deltas(column)
    other = _rows(column, _Other())
    table: dict[Any, Rows] = {value: other ^ changed for value, changed in known.items()}
    table[None] = _rows(column, None)
    find = table.get
    return lambda value: find(value, other)


def _deltas(column: Sequence[CellTest]) -> dict[Any, Rows]:
    """For each constant the rows whose verdict on it differs from that on any other value."""
    deltas: dict[Any, Rows] = {}
    for index, cell in enumerate(column):
        for value in _constants([cell]):
            deltas[value] = deltas.get(value, 0) | 1 << index
    return deltas


def _ordered_lookup(column: Sequence[CellTest]) -> Lookup:
    """Classes below, at and above each bound, in order; a change of rows is noted at each bound where it happens."""
    bounds = sorted({bound for cell in map(_positive, column) for bound in _bounds(cell)})
    places = {bound: 2 * position + 1 for position, bound in enumerate(bounds)}
    changes = [0] * (2 * len(bounds) + 2)
    for index, cell in enumerate(column):
        _note_changes(cell, 1 << index, places, changes)
    rows, running = [], 0
    for change in changes[:-1]:
        running ^= change
        rows.append(running)
    missing = _rows(column, None)

    def find(value: Any) -> Rows:
        if value is None:
            return missing
        position = bisect_left(bounds, value)
        at_bound = position < len(bounds) and bounds[position] == value
        return rows[2 * position + 1 if at_bound else 2 * position]

    return find


def _note_changes(cell: CellTest, row: Rows, places: dict[Any, int], changes: list[int]) -> None:
    test, flipped = cell, False
    while isinstance(test, Negated):
        test, flipped = test.test, not flipped
    stretches: list[tuple[int, int]] = []
    if isinstance(test, Range):
        first = 0 if test.lower is None else places[test.lower] + (not test.lower_inclusive)
        last = len(changes) - 2 if test.upper is None else places[test.upper] - (not test.upper_inclusive)
        stretches = [(first, last)] if first <= last else []
    elif isinstance(test, Equals | OneOf):
        stretches = [(places[value], places[value]) for value in _constants([test])]
    elif not isinstance(test, Missing):
        stretches = [(0, len(changes) - 2)]
    if flipped:
        changes[0] ^= row
    for first, last in stretches:
        changes[first] ^= row
        changes[last + 1] ^= row


def _bounds(cell: CellTest) -> set[Any]:
    if isinstance(cell, Range):
        return {bound for bound in (cell.lower, cell.upper) if bound is not None}
    return _constants([cell])


def _list_lookup(column: Sequence[CellTest]) -> Lookup:
    """Each distinct cell is asked once."""
    places: dict[CellTest, Rows] = {}
    for index, cell in enumerate(column):
        places[cell] = places.get(cell, 0) | 1 << index
    pairs = tuple(places.items())

    def find(value: Any) -> Rows:
        rows = 0
        for cell, allowed in pairs:
            if holds(cell, value):
                rows |= allowed
        return rows

    return find
