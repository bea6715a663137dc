"""A table's meaning: typed columns, cells as tests, outputs in canonical form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...diagnostics import Path
from ...ir.cells import CellTest
from ...ir.expression import ANY, ValueType
from ...ir.types import Field
from ..lowering import Lowered, Lowering, field_of
from .check import check_table
from .document import DecisionTable, LongRow, TableShape
from .node import Collect, HitPolicy, TableInput, TableNode, TableRow

ROW_LIMIT = 100_000
FOLDED = {"sum": ("integer", "number"), "min": ("integer", "number", "date"), "max": ("integer", "number", "date")}


def lower_table(shape: TableShape, lowering: Lowering) -> Lowered:
    """The table, its gaps and overlaps reported."""
    table = shape.table
    failed = Lowered(None, {shape.bind: ANY} if shape.bind else {})
    if len(table.rows) > ROW_LIMIT:
        message = f"`{lowering.name}` has {len(table.rows):,} rows; a table has at most {ROW_LIMIT:,}"
        lowering.at_key("D014", ("table", "rows"), message)
        return failed
    inputs = [
        None if value is None else TableInput(value, text)
        for index, text in enumerate(table.inputs)
        for value in [lowering.expression(text, ("table", "inputs", index))]
    ]
    columns = _columns(shape, lowering)
    if columns is None or None in inputs:
        return failed
    known = [each for each in inputs if each is not None]
    rows = _rows(table, known, columns, lowering)
    types = (
        {shape.bind: lowering.object_of([folded_field(each, shape.table) for each in columns])} if shape.bind else {}
    )
    if rows is None:
        return Lowered(None, types)
    hit: HitPolicy = table.hit  # type: ignore[assignment] # one of the words of `HIT_POLICIES`
    collect: Collect = table.collect  # type: ignore[assignment] # one of the words of `COLLECTS`
    ways = (shape.bind, shape.then, shape.otherwise)
    node = TableNode(lowering.name, hit, tuple(known), tuple(columns), rows, collect, *ways)
    check_table(node, lowering)
    return Lowered(node, types)


def folded_field(column: Field, table: DecisionTable) -> Field:
    """What an output column comes to: a list where all rows count, a number where they are counted."""
    if table.hit == "rule_order" or (table.hit == "collect" and table.collect == "list"):
        return replace(column, many=True)
    if table.hit == "collect" and table.collect == "count":
        return Field(column.name, "integer")
    return column


def _columns(shape: TableShape, lowering: Lowering) -> list[Field] | None:
    """The output columns as their rows hold them; None where they do not fit the ruleset or the hit policy."""
    table = shape.table
    if table.outputs is not None:
        columns = [field_of(name, each) for name, each in sorted(table.outputs.items())]
        paths: Mapping[str, Path] = {each.name: ("table", "outputs", each.name) for each in columns}
    else:
        said = {name for index, row in enumerate(table.rows) for name in _cells_of(row, index).outputs}
        columns = [_element(each, table) for each in lowering.output if each.name in said]
        paths = {each.name: ("table", "hit") for each in columns}
    sound = True
    declared = {each.name: each for each in lowering.output}
    for column in columns:
        own = declared.get(column.name)
        result = folded_field(column, table)
        if problem := _fold_problem(column, table):
            lowering.add("D012", paths[column.name], problem)
        elif shape.then is None and own is None:
            help_ = lowering.suggestion(column.name, sorted(declared), "outputs")
            message = f"`{column.name}` is not an output of this ruleset, and the table's outputs are the decision"
            lowering.at_key("D009", paths[column.name], message, help=help_)
        elif shape.then is None and own is not None and not _same(own, result):
            message = (
                f"`{column.name}` comes out as {_field_words(result)}, and the ruleset declares {_field_words(own)}"
            )
            lowering.add("D012", paths[column.name], message)
        else:
            continue
        sound = False
    return columns if sound else None


def _element(field: Field, table: DecisionTable) -> Field:
    """The column behind an output of the ruleset: an element of a list that all rows make up."""
    return replace(field, many=False) if folded_field(field, table) == field and field.many and _lists(table) else field


def _lists(table: DecisionTable) -> bool:
    return table.hit == "rule_order" or (table.hit == "collect" and table.collect == "list")


def _fold_problem(column: Field, table: DecisionTable) -> str | None:
    if column.type in {"object", "geo_point"}:
        return f"`{column.name}` is declared {_field_words(column)}; cells hold plain values"
    if column.many and table.hit in {"collect", "rule_order"}:
        return f"`{column.name}` is a list already; `hit: {table.hit}` puts plain values together"
    allowed = FOLDED.get(table.collect, (column.type,)) if table.hit == "collect" else (column.type,)
    if column.type not in allowed:
        return f"`{column.name}` is {_field_words(column)}; `collect: {table.collect}` needs {' or '.join(allowed)}"
    return None


def _same(own: Field, result: Field) -> bool:
    values = not own.values or (bool(result.values) and set(result.values) <= set(own.values))
    return own.type == result.type and own.many == result.many and values


def _field_words(field: Field) -> str:
    return f"a list of {field.type}" if field.many else field.type


@dataclass(frozen=True, slots=True)
class _Written:
    """A row as written: its cells and outputs, and the paths to them."""

    cells: tuple[Any, ...]
    cell_path: Path
    outputs: Mapping[str, Any]
    output_path: Path
    priority: int = 0


def _cells_of(row: Any, index: int) -> _Written:
    path: Path = ("table", "rows", index)
    if isinstance(row, LongRow):
        return _Written(row.when, (*path, "when"), row.output, (*path, "output"), row.priority)
    *cells, outputs = row
    return _Written(tuple(cells), path, outputs, (*path, len(cells)))


def _rows(
    table: DecisionTable, inputs: list[TableInput], columns: list[Field], lowering: Lowering
) -> tuple[TableRow, ...] | None:
    kinds = [each.value.type for each in inputs]
    by_name = {each.name: place for place, each in enumerate(columns)}
    names = sorted(by_name) if table.outputs is not None else sorted(each.name for each in lowering.output)
    rows = []
    for index, each in enumerate(table.rows):
        row = _cells_of(each, index)
        cells = _cells(row, kinds, lowering)
        values = _values(row, columns, by_name, names, lowering)
        if cells is not None and values is not None:
            rows.append(TableRow(cells, values, row.priority))
    return tuple(rows) if len(rows) == len(table.rows) else None


def _cells(row: _Written, kinds: list[ValueType], lowering: Lowering) -> tuple[CellTest, ...] | None:
    cells = [
        cell
        for place, (value, kind) in enumerate(zip(row.cells, kinds, strict=True))
        if (cell := lowering.cell(value, kind, (*row.cell_path, place))) is not None
    ]
    return tuple(cells) if len(cells) == len(kinds) else None


def _values(
    row: _Written, columns: list[Field], by_name: Mapping[str, int], names: list[str], lowering: Lowering
) -> tuple[Any, ...] | None:
    values: list[Any] = [None] * len(columns)
    sound = True
    for name, written in row.outputs.items():
        place = by_name.get(name)
        path = (*row.output_path, name)
        if place is None:
            help_ = lowering.suggestion(name, names, "outputs")
            lowering.at_key("D009", path, f"`{name}` is not an output of this table", help=help_)
            sound = False
            continue
        values[place] = lowering.constant(written, columns[place], path, "D010")
        sound = sound and values[place] is not None
    return tuple(values) if sound else None
