"""Cells as conditions in Python, over locals that hold the columns' values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan
from typing import Any

from ...ir.cells import AnyValue, CellTest, Equals, Missing, Negated, OneOf, Range
from ...ir.graph import TableNode, TableRow
from ..writing import Writer

FEW = 3  # constants compared one by one rather than looked up in a set


class Cells:
    """The columns of a table inside a generated function: `values` are the locals that hold their values.

    A number that may be missing gets a second local with NaN in its place, so that comparisons need no further test.
    """

    def __init__(self, node: TableNode, writer: Writer) -> None:
        self._writer = writer
        self._types = [item.value.type for item in node.inputs]
        self._certain = [writer.certain(item.value) for item in node.inputs]
        self.values = []
        self._numbers = []
        for index, item in enumerate(node.inputs):
            value = writer.name("a")
            writer.line(f"{value} = {writer.value(item.value)}")
            self.values.append(value)
            ranged = any(isinstance(_positive(row.cells[index]), Range) for row in node.rows)
            self._numbers.append(self._number(value, index) if ranged else value)

    def _number(self, value: str, index: int) -> str:
        if self._certain[index] or not self._types[index].is_number:
            return value
        number = self._writer.name("n")
        self._writer.line(f"{number} = {self._writer.bind(nan, 'nan')} if {value} is None else {value}")
        return number

    def test(self, row: TableRow) -> str | None:
        """Source of the row's condition; None when it always holds."""
        tests = [self._cell(cell, index) for index, cell in enumerate(row.cells) if not isinstance(cell, AnyValue)]
        return " and ".join(tests) or None

    def always(self, row: TableRow) -> bool:
        """Whether the row always holds."""
        return all(isinstance(cell, AnyValue) for cell in row.cells)

    def index(self, rows: Sequence[TableRow]) -> str:
        """The name of the table's index: `first` and `all` of the columns' values."""
        return self._writer.index([row.cells for row in rows], self._types)

    def _cell(self, cell: CellTest, index: int) -> str:
        if isinstance(cell, Negated):
            return f"(not {self._cell(cell.test, index)})"
        if isinstance(cell, AnyValue):
            return "True"
        if isinstance(cell, Missing):
            return f"({self.values[index]} is None)"
        if self._types[index].kind == "array":
            return _SOME[type(cell)](cell, self.values[index], self._writer)
        if isinstance(cell, Range):
            return self._range(cell, index)
        return _equal(cell, self.values[index], self._writer)

    def _range(self, cell: Range, index: int) -> str:
        value, number = self.values[index], self._numbers[index]
        if cell.lower is None and cell.upper is None:
            return f"({value} is not None)"
        test = _bounds(cell, number)
        return f"({test})" if number != value or self._certain[index] else f"({value} is not None and {test})"


def _positive(cell: CellTest) -> CellTest:
    while isinstance(cell, Negated):
        cell = cell.test
    return cell


def _bounds(cell: Range, value: str) -> str:
    low = "" if cell.lower is None else f"{cell.lower!r} {'<=' if cell.lower_inclusive else '<'} "
    high = "" if cell.upper is None else f" {'<=' if cell.upper_inclusive else '<'} {cell.upper!r}"
    return f"{low}{value}{high}"


def _equal(cell: Equals | OneOf, value: str, writer: Writer) -> str:
    if isinstance(cell, Equals):
        return f"({value} == {cell.value!r})"
    if len(cell.values) <= FEW:
        return f"({value} in {cell.values!r})"
    return f"({value} in {writer.bind(frozenset(cell.values), 'constants')})"


def _some_equal(cell: Equals, value: str, _writer: Writer) -> str:
    return f"({value} is not None and {cell.value!r} in {value})"


def _some_of(cell: OneOf, value: str, writer: Writer) -> str:
    constants = writer.bind(frozenset(cell.values), "constants")
    return f"({value} is not None and not {constants}.isdisjoint({value}))"


def _some_between(cell: Range, value: str, writer: Writer) -> str:
    function = writer.bind(some_between(cell), "some")
    return f"({value} is not None and {function}({value}))"


def some_between(cell: Range) -> Callable[[Sequence[Any]], bool]:
    """A function that tells whether some element lies within the bounds."""
    low, high, from_low, to_high = cell.lower, cell.upper, cell.lower_inclusive, cell.upper_inclusive

    def some(elements: Sequence[Any]) -> bool:
        for element in elements:
            above = low is None or (element >= low if from_low else element > low)
            if above and (high is None or (element <= high if to_high else element < high)):
                return True
        return False

    return some


_SOME: dict[type, Callable[[Any, str, Writer], str]] = {
    Equals: _some_equal,
    OneOf: _some_of,
    Range: _some_between,
}
