"""A table as Python: which row is hit, then the row's outputs.

A short table is a chain of conditions, a long one a look-up in its index. Rows of a table with priorities are tried in
the order of their priority. What a row says is made once, when the bundle is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...ir.types import Field
from ...operators.aggregates import exact_sum, within_64_bits
from ..writing import Writer
from .cell_source import Cells
from .index import bits
from .node import TableNode, TableRow

CHAIN = 5  # rows up to which a chain of conditions is quicker than the index
ALL = ("collect", "rule_order")


def write_table(node: TableNode, writer: Writer) -> None:
    """The outputs of the row or rows that are hit; `otherwise`, or nothing, where none is."""
    cells = Cells(node, writer)
    order = in_order(node)
    rows = [node.rows[index] for index in order]
    texts = [item.text or f"input {index + 1}" for index, item in enumerate(node.inputs)]
    looked_at = writer.traced_sources(dict(zip(texts, cells.values, strict=True)), [item.value for item in node.inputs])
    if node.hit in ALL:
        _write_all(node, writer, cells, looked_at)
        return
    row = writer.name("row")
    _write_first(rows, cells, writer, row)
    outcomes = writer.bind(_from_end([f"row {index + 1}" for index in order]), "outcomes")
    outputs = writer.bind(_from_end([row_outputs(node, each) for each in rows]), "outputs")
    numbers = writer.bind(_from_end([index + 1 for index in order]), "numbers")
    said, outcome = f"{outputs}[{row}]", f"{outcomes}[{row}]"
    if writer.tracing:
        known = writer.name("outcome")
        writer.line(f"{known} = {outcome}")
        outcome = known
    if cells.always(rows[-1]):
        writer.note(node, outcome, row=f"{numbers}[{row}]", seen=looked_at)
        _leave(node, writer, said)
        return
    with writer.block(f"if {row}:"):
        writer.note(node, outcome, row=f"{numbers}[{row}]", seen=looked_at)
        _leave(node, writer, said)
    with writer.block("else:"):
        _miss(node, writer, "{}", looked_at)


def in_order(node: TableNode) -> list[int]:
    """Indexes of the rows in the order in which they are tried."""
    indexes = range(len(node.rows))
    return sorted(indexes, key=lambda index: -node.rows[index].priority) if node.hit == "priority" else list(indexes)


def row_outputs(node: TableNode, row: TableRow) -> dict[str, Any]:
    """What a row says, by output."""
    pairs = zip(node.outputs, row.values, strict=True)
    return {field.name: _json(value) for field, value in pairs if value is not None}


def _json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _from_end(items: list[Any]) -> tuple[Any, ...]:
    """What belongs to each row at the row's place counted from the end, and nothing at 0."""
    return (None, *reversed(items))


def _write_first(rows: Sequence[TableRow], cells: Cells, writer: Writer, row: str) -> None:
    """Set `row` to the place, counted from the end, of the first row that is hit, or to 0."""
    if len(rows) > CHAIN:
        writer.line(f"{row} = ({cells.rows(rows)}).bit_length()")
        return
    cells.prepare(rows)
    tests = [cells.test(each) for each in rows]
    for index, test in enumerate(tests):
        if test is None:
            writer.line("else:" if index else "if True:")
        else:
            writer.line(f"{'elif' if index else 'if'} {test}:")
        writer.line(f"    {row} = {len(rows) - index}")
        if test is None:
            return
    writer.line("else:")
    writer.line(f"    {row} = 0")


def _write_all(node: TableNode, writer: Writer, cells: Cells, looked_at: str) -> None:
    hits = writer.name("hits")
    if len(node.rows) > CHAIN:
        writer.line(f"{hits} = {writer.bind(bits, 'bits')}({cells.rows(node.rows)}, {len(node.rows)})")
    else:
        cells.prepare(node.rows)
        tests = [f"*(({index},) if {cells.test(row) or 'True'} else ())" for index, row in enumerate(node.rows)]
        writer.line(f"{hits} = [{', '.join(tests)}]")
    gather, said = writer.bind(gatherer(node), "gather"), writer.bind(rows_text, "rows_text")
    if node.otherwise is not None:
        with writer.block(f"if {hits}:"):
            writer.note(node, f"{said}({hits})", rows=f"[index + 1 for index in {hits}]", seen=looked_at)
            _leave(node, writer, f"{gather}({hits})")
        with writer.block("else:"):
            _miss(node, writer, "{}", looked_at)
        return
    writer.note(node, f"{said}({hits})", rows=f"[index + 1 for index in {hits}]", seen=looked_at)
    _leave(node, writer, f"{gather}({hits})")


def _leave(node: TableNode, writer: Writer, outputs: str) -> None:
    if node.then is None or node.bind is None:
        writer.finish(f"own({outputs})" if any(field.many for field in node.outputs) else f"{outputs}.copy()")
        return
    writer.line(f"{writer.var(node.bind)} = {outputs}")
    writer.go(node.then)


def _miss(node: TableNode, writer: Writer, outputs: str, looked_at: str) -> None:
    writer.note(node, "'no row'", row="None", seen=looked_at)
    if node.otherwise is not None:
        writer.go(node.otherwise)
    else:
        _leave(node, writer, outputs)


def rows_text(hits: Sequence[int]) -> str:
    """The outcome of a table with several hits: `rows 1, 3`."""
    if not hits:
        return "no row"
    return f"row{'s' if len(hits) > 1 else ''} {', '.join([str(index + 1) for index in hits])}"


def gatherer(node: TableNode) -> Callable[[Sequence[int]], dict[str, Any]]:
    """A function from the indexes of the rows that are hit to the outputs."""
    if node.hit == "collect" and node.collect == "count":
        names = [field.name for field in node.outputs]
        return lambda hits: dict.fromkeys(names, len(hits))
    fold = FOLDS[node.collect if node.hit == "collect" else "list"]
    columns = [
        (field, tuple([_json(row.values[index]) for row in node.rows])) for index, field in enumerate(node.outputs)
    ]

    def gather(hits: Sequence[int]) -> dict[str, Any]:
        outputs = {}
        for field, values in columns:
            result = fold(field, [value for index in hits if (value := values[index]) is not None])
            if result is not None:
                outputs[field.name] = result
        return outputs

    return gather


def _sum(field: Field, values: list[Any]) -> Any:
    """The sum, of doubles rounded once; missing when an integer leaves 64 bits or a double its range."""
    return within_64_bits(sum(values)) if field.type == "integer" else exact_sum(values)


FOLDS: dict[str, Callable[[Field, list[Any]], Any]] = {
    "list": lambda _field, values: values or None,
    "sum": _sum,
    "min": lambda _field, values: min(values, default=None),
    "max": lambda _field, values: max(values, default=None),
}
