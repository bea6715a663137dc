"""Cells as conditions in Python, over locals that hold the columns' values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan
from typing import Any

from ...ir.cells import AnyValue, CellTest, Equals, Missing, Negated, OneOf, Range
from ..writing import Writer
from .index import positive, rows_source
from .node import TableNode, TableRow

FEW = 3  # constants compared one by one rather than looked up in a set


class Cells:
    """The columns of a table inside a generated function: `values` are the locals that hold their values.

    A number that may be missing gets a second local with NaN in its place, so that comparisons need no further test.
    """

    def __init__(self, node: TableNode, writer: Writer) -> None:
        self._writer = writer
        self._types = [item.value.type for item in node.inputs]
        self._certain = [writer.certain(item.value) for item in node.inputs]
        self._numbers: dict[int, str] = {}
        self.values = []
        for item in node.inputs:
            value = writer.name("a")
            writer.line(f"{value} = {writer.value(item.value)}")
            self.values.append(value)

    def prepare(self, rows: Sequence[TableRow]) -> None:
        """Write what the conditions of these rows stand on."""
        for index, value in enumerate(self.values):
            ranged = any(isinstance(positive(row.cells[index]), Range) for row in rows)
            if ranged and self._types[index].is_number and not self._certain[index]:
                number = self._numbers[index] = self._writer.name("n")
                self._writer.line(f"{number} = {self._writer.bind(nan, 'nan')} if {value} is None else {value}")

    def test(self, row: TableRow) -> str | None:
        """Source of the row's condition; None when it always holds."""
        tests = [self._cell(cell, index) for index, cell in enumerate(row.cells) if not isinstance(cell, AnyValue)]
        return " and ".join(tests) or None

    def always(self, row: TableRow) -> bool:
        """Whether the row always holds."""
        return all(isinstance(cell, AnyValue) for cell in row.cells)

    def rows(self, rows: Sequence[TableRow]) -> str:
        """Source of the set of rows that are hit, as the bits of an integer."""
        sources = []
        for index, (value, kind) in enumerate(zip(self.values, self._types, strict=True)):
            sources.append(rows_source([row.cells[index] for row in rows], kind, value, self._writer.bind))
        return " & ".join(source for source in sources if source) or repr((1 << len(rows)) - 1)

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
        value, number = self.values[index], self._numbers.get(index)
        if cell.lower is None and cell.upper is None:
            return f"({value} is not None)"
        if number is not None:
            return f"({_bounds(cell, number)})"
        present = "" if self._certain[index] else f"{value} is not None and "
        return f"({present}{_bounds(cell, value)})"


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
