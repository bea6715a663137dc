"""How a decision table is described."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...ir.graph import Experiments
from ...operators.phrases import cell_text, expression_text, value_text
from ...operators.wording import count_text
from ..telling import DrawnWay, Grid, Listed, Look, Steps, binding_text, last_way
from .node import TableNode, TableRow

LOOK = Look("box", "#e3f1fb", "#1f78b4")
ROWS_DRAWN = 8
ROWS_LISTED = 12

_HITS = {
    "unique": "the one row that fits gives",
    "first": "the first row that fits gives",
    "priority": "the row that fits with the highest priority gives",
    "any": "the rows that fit, which agree, give",
    "rule_order": "all rows that fit, in their order, give",
}
_COLLECTED = {
    "list": "all rows that fit give",
    "sum": "the sum of all rows that fit gives",
    "min": "the least of all rows that fit gives",
    "max": "the greatest of all rows that fit gives",
    "count": "the number of rows that fit gives",
}


def box_lines(node: TableNode) -> Iterator[str]:
    """How many rows, and what several hits come to."""
    how = f"{node.hit} {node.collect}" if node.hit == "collect" else node.hit
    yield f"{count_text(len(node.rows), 'row')}, {how}{binding_text(node.bind)}"


def grid(node: TableNode) -> Grid:
    """The first rows."""
    outputs = tuple(field.name for field in node.outputs)
    rows = tuple(tuple(_cells(row)) for row in node.rows[:ROWS_DRAWN])
    return Grid(tuple(_inputs(node)), outputs, rows, max(0, len(node.rows) - ROWS_DRAWN))


def arrows(node: TableNode, _experiments: Experiments) -> Iterator[DrawnWay]:
    """On with the outputs, and where no row fits."""
    if node.then:
        yield DrawnWay(node.then, "a row fits" if node.otherwise else "")
    yield from last_way(node.otherwise, "no row fits")


def steps(node: TableNode, around: Steps, _experiments: Experiments) -> Iterator[str]:
    """What several hits come to, then the first rows in columns."""
    gives = _COLLECTED[node.collect] if node.hit == "collect" else _HITS[node.hit]
    yield f"{gives} {around.result(node.bind, node.then)}"
    heading = [*_inputs(node), *(f"→ {field.name}" for field in node.outputs)]
    rows = [_cells(row) for row in node.rows[:ROWS_LISTED]]
    widths = [max(len(row[at]) for row in [heading, *rows]) for at in range(len(heading))]
    for row in [heading, *rows]:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    if len(node.rows) > ROWS_LISTED:
        yield f"… {len(node.rows) - ROWS_LISTED:,} more rows"
    if node.otherwise:
        yield f"no row fits {around.to(node.otherwise)}"


def outcomes(node: TableNode) -> Iterator[str]:
    """Each row, and that none is hit where that leads elsewhere."""
    yield from (f"row {index + 1}" for index in range(len(node.rows)))
    if node.otherwise is not None:
        yield "no row"


def outcomes_seen(entry: Mapping[str, Any]) -> Iterator[str]:
    """The rows that were hit."""
    hit = entry["rows"] if "rows" in entry else [entry["row"]]
    yield from (f"row {number}" for number in hit if number is not None)
    if not hit or hit == [None]:
        yield "no row"


def row_text(row: TableRow) -> str:
    """`>= 500 | * → voucher_20 | win_back`."""
    cells = " | ".join(cell_text(cell) for cell in row.cells)
    text = f"{cells} → {' | '.join(value_text(value) for value in row.values)}"
    return f"{text} (priority {row.priority})" if row.priority else text


ROWS = Listed("rows", "row", row_text)


def _inputs(node: TableNode) -> list[str]:
    return [(each.text or expression_text(each.value)).removeprefix("profile.") for each in node.inputs]


def _cells(row: TableRow) -> list[str]:
    return [*(cell_text(cell) for cell in row.cells), *(value_text(value) for value in row.values)]
