"""A look-up of rows by the columns' values, for tables too long for a chain of conditions.

Each column keeps, for every class of values that its cells tell apart, the set of rows that allow the class, as the
bits of one integer. A look-up finds the class of each value (a dictionary for constants, bisection for ordered values),
takes the sets and intersects them. The first row has the highest bit, so the length of what is left in bits tells the
first row that is hit, counted from the end, and 0 tells that there is none.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ...ir.cells import AnyValue, CellTest, Equals, Negated, OneOf, Range
from ...ir.expression import ValueType
from .meaning import holds

Rows = int

SPAN = 4_096  # whole numbers from 0 on that are looked up one by one, which beats a bisection


class Binder(Protocol):
    """Gives the name under which generated source finds an object."""

    def __call__(self, value: Any, name: str, /) -> str:
        """The name of a global that holds the object."""


def rows_source(column: Sequence[CellTest], kind: ValueType, value: str, bind: Binder) -> str | None:
    """Source of the set of rows that allow the value of a column, a local; None for a column that allows all."""
    if all(isinstance(cell, AnyValue) for cell in column):
        return None
    if kind.kind == "array":
        return f"{bind(list_lookup(column), 'rows_of')}({value})"
    if not any(isinstance(positive(cell), Range) for cell in column):
        table, other = constant_rows(column)
        return f"{bind(table.get, 'rows_of')}({value}, {bind(other, 'other')})"
    cuts, rows = ordered_rows(column, kind)
    found = f"{bind(rows, 'rows')}[{bind(bisect_right, 'bisect')}({bind(cuts, 'cuts')}, {value})]"
    if kind.kind == "integer" and cuts and cuts[0] >= 0 and cuts[-1] < SPAN:
        spread = [rows[bisect_right(cuts, number)] for number in range(cuts[-1] + 1)]
        found = f"{bind(spread, 'spread')}[{value}] if 0 <= {value} < {len(spread)} else {found}"
    return f"({bind(_rows(column, None), 'missing')} if {value} is None else {found})"


def positive(cell: CellTest) -> CellTest:
    """The test under all complements."""
    while isinstance(cell, Negated):
        cell = cell.test
    return cell


def _rows(column: Sequence[CellTest], value: Any) -> Rows:
    """The rows that allow a value."""
    verdicts: dict[CellTest, bool] = {}
    rows = bytearray(len(column) // 8 + 1)
    for place, cell in enumerate(reversed(column)):
        verdict = verdicts.get(cell)
        if verdict is None:
            verdict = verdicts[cell] = holds(cell, value)
        if verdict:
            rows[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(rows, "little")


class _Other:
    """A value that equals no constant."""


def constants(cell: CellTest) -> tuple[Any, ...]:
    """The constants that a test compares with."""
    if isinstance(cell, Equals):
        return (cell.value,)
    return cell.values if isinstance(cell, OneOf) else ()


def constant_rows(column: Sequence[CellTest]) -> tuple[dict[Any, Rows], Rows]:
    """The rows that allow each constant, and a missing value; and those that allow any other value."""
    other = _rows(column, _Other())
    table: dict[Any, Rows] = {}
    for place, cell in enumerate(reversed(column)):
        for value in constants(positive(cell)):  # there the row's verdict is another than on any other value
            table[value] = table.get(value, other) ^ 1 << place
    table[None] = _rows(column, None)
    return table, other


def ordered_rows(column: Sequence[CellTest], kind: ValueType) -> tuple[list[Any], list[Rows]]:
    """Cuts in order and the rows that allow a value between them: those at `bisect_right(cuts, value)`.

    A cut is the least value above it, so that one bisection finds the class whether bounds are inclusive or not.
    """
    changes: dict[Any, Rows] = {}
    lowest = 0
    for place, cell in enumerate(reversed(column)):
        row, test, flipped = 1 << place, cell, False
        while isinstance(test, Negated):
            test, flipped = test.test, not flipped
        inside, cuts = _cuts(test, kind)
        if inside is not flipped:
            lowest |= row
        for cut in cuts:
            changes[cut] = changes.get(cut, 0) ^ row
    ordered = sorted(cut for cut, change in changes.items() if change)
    rows = [lowest]
    for cut in ordered:
        rows.append(rows[-1] ^ changes[cut])
    return ordered, rows


def _cuts(test: CellTest, kind: ValueType) -> tuple[bool, list[Any]]:
    """Whether the least of all values satisfies the test, and the cuts at which that changes, one after the other."""
    if isinstance(test, Range):
        cuts: list[Any] = []
        if test.lower is not None:
            cuts.append(test.lower if test.lower_inclusive else successor(test.lower, kind))
        if test.upper is not None:
            cuts.append(successor(test.upper, kind) if test.upper_inclusive else test.upper)
        if len(cuts) == 2 and not cuts[0] < cuts[1]:
            return False, []
        return test.lower is None, cuts
    cuts = [cut for value in constants(test) for cut in (value, successor(value, kind))]
    return isinstance(test, AnyValue), cuts


def successor(value: Any, kind: ValueType) -> Any:
    """The least value of the column's type above a value."""
    if isinstance(value, str):
        return value + "\0"
    return math.floor(value) + 1 if kind.kind == "integer" else math.nextafter(value, math.inf)


def list_lookup(column: Sequence[CellTest]) -> Callable[[list[Any] | None], Rows]:
    """A function from a list to its rows; each distinct cell is asked once."""
    places: dict[CellTest, Rows] = {}
    for place, cell in enumerate(reversed(column)):
        places[cell] = places.get(cell, 0) | 1 << place
    pairs = tuple(places.items())

    def find(value: list[Any] | None) -> Rows:
        rows = 0
        for cell, allowed in pairs:
            if holds(cell, value):
                rows |= allowed
        return rows

    return find


def bits(rows: Rows, count: int) -> list[int]:
    """The indexes of the rows of a set, in their order, of a table of `count` rows."""
    found = []
    while rows:
        length = rows.bit_length()
        found.append(count - length)
        rows ^= 1 << (length - 1)
    return found
