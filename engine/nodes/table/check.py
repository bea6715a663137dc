"""What a table leaves open or says in vain: gaps, overlaps, rows that are never hit, columns that never decide.

Everything is decided on the sets of values that cells allow (`domains`, `search`), columns taken as independent of each
other. A finding comes with values for which it holds. What a bounded search cannot answer is said to be open.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence

from ...diagnostics import Path
from ..lowering import Lowering
from .domains import ABSENT, Domain, TooManyClassesError, domain_of
from .node import TableNode
from .run import in_order
from .search import LIMIT, Box, Budget, BudgetSpentError, covers, gap, never_first, overlaps

SHOWN = 10  # findings of one kind about one table
ALL = ("collect", "rule_order")


def check_table(node: TableNode, lowering: Lowering) -> None:
    """Report what is wrong with a table whose cells are sound."""
    try:
        table = Boxes(node, lowering)
    except TooManyClassesError as problem:
        _not_analysed(lowering, f"there are {problem}")
        return
    _columns(table, lowering)
    duplicates = _duplicates(table, lowering)
    unanswered = [
        what
        for what, question in (("gaps", _gaps), ("overlaps", _overlaps), ("rows that are never hit", _never_hit))
        if not question(table, duplicates, lowering)
    ]
    if unanswered:
        _not_analysed(lowering, f"{' and '.join(unanswered)} take more than {LIMIT:,} steps to find")


class Boxes:
    """A table's rows as boxes over the classes of its columns' values."""

    def __init__(self, node: TableNode, lowering: Lowering) -> None:
        self.node = node
        self.domains: list[Domain] = [
            domain_of(
                column.value.type,
                [row.cells[index] for row in node.rows],
                may_be_missing=not lowering.certain(column.value),
            )
            for index, column in enumerate(node.inputs)
        ]
        self.rows: list[Box] = [
            tuple(domain.mask(cell) for domain, cell in zip(self.domains, row.cells, strict=True)) for row in node.rows
        ]
        self.all: Box = tuple(domain.full for domain in self.domains)
        self.present: Box = tuple(domain.full & ~domain.missing for domain in self.domains)

    def example(self, box: Box) -> str:
        """Values of the columns that lie in a box: `profile.country = "DE", profile.spend missing`."""
        shown = []
        for column, domain, mask in zip(self.node.inputs, self.domains, box, strict=True):
            value = domain.example(mask)
            text = column.text or "input"
            shown.append(f"{text} missing" if value is ABSENT else f"{text} = {json.dumps(value, ensure_ascii=False)}")
        return ", ".join(shown)


def _row(index: int) -> Path:
    return ("table", "rows", index)


def _not_analysed(lowering: Lowering, why: str) -> None:
    help_ = ("split the table, or use fewer different cells",)
    lowering.at_key("D008", ("table", "rows"), f"`{lowering.name}` is not analysed in full: {why}", help=help_)


def _columns(table: Boxes, lowering: Lowering) -> None:
    for index, column in enumerate(table.node.inputs):
        if all(row[index] == table.all[index] for row in table.rows):
            message = f"`{column.text}` never decides: every row takes any value of it"
            lowering.add("D007", ("table", "inputs", index), message, help=("delete the column and its cells",))


def _duplicates(table: Boxes, lowering: Lowering) -> set[int]:
    first: dict[Hashable, int] = {}
    found: set[int] = set()
    for index, (box, row) in enumerate(zip(table.rows, table.node.rows, strict=True)):
        other = first.setdefault((box, row.priority), index)
        if other == index or not all(box):
            continue
        found.add(index)
        same = row.values == table.node.rows[other].values
        if same or table.node.hit not in {"unique", "any"}:
            says = "and says the same" if same else "and says something else"
            _at_row(lowering, "D006", index, f"row {index + 1} asks the same as row {other + 1} {says}", other)
    return found


def _at_row(lowering: Lowering, code: str, index: int, message: str, other: int | None = None) -> None:
    relate = () if other is None else (lowering.relate(f"row {other + 1}", _row(other)),)
    lowering.add(code, _row(index), f"`{lowering.name}` {message}", related=relate)


def _gaps(table: Boxes, _duplicates: set[int], lowering: Lowering) -> bool:
    node = table.node
    if node.hit in ALL or node.otherwise is not None:
        return True
    rows = [row for row in table.rows if all(row)]
    try:
        open_box = gap(table.present, rows, Budget()) if all(table.present) else None
        code = "D001"
        if open_box is None:
            open_box, code = gap(table.all, rows, Budget()), "D002"
    except BudgetSpentError:
        return False
    if open_box is not None:
        message = f"`{lowering.name}` has no row for `{table.example(open_box)}`"
        help_ = ('add a row for it, a last row of `"*"`, or `otherwise:` with a node to go to',)
        lowering.at_key(code, ("table", "rows"), message, help=help_)
    return True


def _overlaps(table: Boxes, duplicates: set[int], lowering: Lowering) -> bool:
    node = table.node
    claims: list[tuple[Hashable, Hashable]]
    if node.hit == "unique":
        code, claims = "D003", [(0, index) for index in range(len(node.rows))]
    elif node.hit == "any":
        code, claims = "D004", [(0, row.values) for row in node.rows]
    elif node.hit == "priority":
        code, claims = "D004", [(row.priority, row.values) for row in node.rows]
    else:
        return True
    kept = [index for index, row in enumerate(table.rows) if all(row)]
    try:
        pairs = overlaps(
            table.all, [table.rows[index] for index in kept], [claims[i] for i in kept], Budget(), SHOWN + 1
        )
    except BudgetSpentError:
        return False
    for i, j, box in pairs[:SHOWN]:
        first, second = kept[i], kept[j]
        if node.hit == "priority" and second in duplicates:
            continue
        example = table.example(box)
        message = f"row {second + 1} and row {first + 1} both hold for `{example}`{_WHY[node.hit]}"
        _at_row(lowering, code, second, message, first)
    if len(pairs) > SHOWN:
        lowering.at_key(code, ("table", "rows"), f"`{lowering.name}` has more than {SHOWN} pairs of rows that overlap")
    return True


_WHY = {
    "unique": "; with `hit: unique` at most one may",
    "any": " and say different things",
    "priority": " with one priority, and say different things",
}


def _never_hit(table: Boxes, duplicates: set[int], lowering: Lowering) -> bool:
    node = table.node
    if node.hit not in {"first", "priority"}:
        return True
    order = [index for index in in_order(node) if all(table.rows[index]) and index not in duplicates]
    boxes = [table.rows[index] for index in order]
    try:
        hidden = never_first(table.all, boxes, Budget())
    except BudgetSpentError:
        return False
    for place in hidden[:SHOWN]:
        alone = _hiding(boxes, place)
        if alone is None:
            message = f"row {order[place] + 1} is never hit: the rows tried before it leave nothing for it"
            _at_row(lowering, "D005", order[place], message)
        else:
            other = order[alone]
            message = f"row {order[place] + 1} is never hit: row {other + 1} takes all that it would"
            _at_row(lowering, "D005", order[place], message, other)
    if len(hidden) > SHOWN:
        message = f"`{lowering.name}` has {len(hidden)} rows that are never hit; the first {SHOWN} are told"
        lowering.at_key("D005", ("table", "rows"), message)
    return True


def _hiding(boxes: Sequence[Box], place: int) -> int | None:
    """The one earlier row that covers a row, if a single one does."""
    return next((earlier for earlier in range(place) if covers(boxes[earlier], boxes[place])), None)
