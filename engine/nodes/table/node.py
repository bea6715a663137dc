"""A decision table's meaning: columns, rows, and what several hits come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import ClassVar, Literal, TypeAlias

from ...ir.cells import CellTest
from ...ir.constants import are_values, fits_column
from ...ir.expression import Expression, ValueType
from ...ir.frozen import frozen
from ...ir.graph import CellValue, GraphNode, GraphPart, Makes, Personal, Secrets
from ...ir.types import Field
from ...ir.value_types import object_type

HitPolicy: TypeAlias = Literal["unique", "first", "priority", "any", "collect", "rule_order"]
Collect: TypeAlias = Literal["list", "sum", "min", "max", "count"]

ROWS_AT_ONCE = 64  # rows that one step of a table's index handles


@frozen
class TableInput(GraphPart):
    """An input column: what is looked at, and how it was written."""

    value: Expression
    text: str = ""


@frozen
class TableRow(GraphPart):
    """One cell per input and one value per output (None: the row says nothing of it)."""

    cells: tuple[CellTest, ...]
    values: tuple[CellValue, ...]
    priority: int = 0


@frozen
class TableNode(GraphNode):
    """A decision table; rows as written, from 1 on in traces.

    Without `then` its outputs are the decision; with it they are bound as `bind` and evaluation goes on. When no row
    is hit, evaluation goes to `otherwise`, or the outputs are missing (an empty list, 0 for sum and count).
    """

    kind: ClassVar[str] = "table"
    name: str
    hit: HitPolicy
    inputs: tuple[TableInput, ...]
    outputs: tuple[Field, ...]
    rows: tuple[TableRow, ...]
    collect: Collect = "list"
    bind: str | None = None
    then: str | None = None
    otherwise: str | None = None

    def expressions(self) -> Iterable[Expression]:
        """What the columns look at."""
        return [item.value for item in self.inputs]

    def ways(self) -> Iterable[str]:
        """`then` and `otherwise`, as far as they are given."""
        return [way for way in (self.then, self.otherwise) if way is not None]

    def binds(self) -> Iterable[str]:
        """The object of its outputs."""
        return () if self.bind is None else (self.bind,)

    def makes(self, outputs: Callable[[str], ValueType]) -> Makes:  # noqa: ARG002 - it calls no ruleset
        """Its outputs, lists where all rows count, bound or as the decision."""
        made = object_type(self._folded_field(column) for column in self.outputs)
        if self.then is None:
            return Makes(dict.fromkeys(self.binds(), made), decision=dict(made.members))
        return Makes(dict.fromkeys(self.binds(), made))

    def _folded_field(self, column: Field) -> Field:
        """What a column comes to."""
        if self.hit == "rule_order" or (self.hit == "collect" and self.collect == "list"):
            return replace(column, many=True)
        return Field(column.name, "integer") if self.hit == "collect" and self.collect == "count" else column

    def personal(self, secrets: Secrets) -> Personal:  # noqa: ARG002 - outputs are constants of the table
        """Nothing: its outputs are constants."""
        return Personal()

    def work(self) -> int:
        """A look-up for each column, in the bits of its rows."""
        return len(self.inputs) * (1 + len(self.rows) // ROWS_AT_ONCE)

    def flaw(self) -> str | None:
        """Rows that do not fit the columns, or a way on without a name for the outputs."""
        widths = {(len(row.cells), len(row.values)) for row in self.rows}
        if widths != {(len(self.inputs), len(self.outputs))}:
            return f"rows of `{self.name}` have another width"
        if not all(self._fits(row) for row in self.rows):
            return f"a row of `{self.name}` does not fit its columns"
        if (self.then is None) != (self.bind is None):
            return f"`{self.name}` goes on without a name for its outputs"
        return None

    def _fits(self, row: TableRow) -> bool:
        """Whether each cell compares with its input, and each value is one of its output."""
        cells = zip(row.cells, self.inputs, strict=True)
        return all(fits_column(cell, item.value.type) for cell, item in cells) and are_values(
            zip(self.outputs, row.values, strict=True)
        )
