"""What differs between two nodes of one name: cases, rows, items, ways out, settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from ...drawing.phrases import cell_text, expression_text, value_text
from ...drawing.rulesets import KINDS
from ...ir.expression import EXPRESSIONS
from ...ir.graph import GraphNode, SetItem
from ...ir.types import Field
from ...nodes.switch.node import SwitchCase, SwitchNode
from ...nodes.table.node import TableNode, TableRow
from .catalogue import describe
from .change import Detail
from .sameness import meaning

_EXPRESSIONS = frozenset(EXPRESSIONS)


def node_differences(before: GraphNode, after: GraphNode) -> Iterator[Detail]:
    """The differences, each beginning with the node's name."""
    for detail in _differences(before, after):
        yield Detail(detail.sign, f"{after.name}: {detail.text}")


def _differences(before: GraphNode, after: GraphNode) -> Iterator[Detail]:
    if type(before) is not type(after):
        yield Detail("~", f"{KINDS[type(before)]} → {KINDS[type(after)]}")
        return
    if isinstance(before, SwitchNode) and isinstance(after, SwitchNode):
        yield from _cases(before.cases, after.cases)
    if isinstance(before, TableNode) and isinstance(after, TableNode):
        yield from _columns(before, after)
        yield from _rows(before.rows, after.rows)
    for name in before.__match_args__:
        if name not in {"name", "cases", "rows"} and not (isinstance(before, TableNode) and name in _COLUMNS):
            yield from _member(name, getattr(before, name), getattr(after, name))


_COLUMNS = frozenset({"inputs", "outputs"})


def case_text(case: SwitchCase) -> str:
    """`condition → node`."""
    return f"`{case.text or expression_text(case.when)}` → {case.then}"


def row_text(row: TableRow) -> str:
    """`>= 500 | * → voucher_20 | win_back`."""
    said = (
        f"{' | '.join(cell_text(cell) for cell in row.cells)} → {' | '.join(value_text(value) for value in row.values)}"
    )
    return f"{said} (priority {row.priority})" if row.priority else said


def _cases(before: Sequence[SwitchCase], after: Sequence[SwitchCase]) -> Iterator[Detail]:
    old, new = [meaning(case.when) for case in before], [meaning(case.when) for case in after]
    for tag, low, high, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from (Detail("-", f"case {at + 1}: {case_text(before[at])}") for at in range(low, high))
            yield from (Detail("+", f"case {at + 1}: {case_text(after[at])}") for at in range(start, end))
            continue
        for was, at in zip(before[low:high], range(start, end), strict=True):
            if was.then != after[at].then:
                yield Detail("~", f"case {at + 1}: {case_text(was)}, now {after[at].then}")


def _rows(before: Sequence[TableRow], after: Sequence[TableRow]) -> Iterator[Detail]:
    old, new = [meaning(row) for row in before], [meaning(row) for row in after]
    for tag, low, high, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from (Detail("-", f"row {at + 1}: {row_text(before[at])}") for at in range(low, high))
            yield from (Detail("+", f"row {at + 1}: {row_text(after[at])}") for at in range(start, end))


def _columns(before: TableNode, after: TableNode) -> Iterator[Detail]:
    old = [expression_text(each.value) for each in before.inputs]
    new = [expression_text(each.value) for each in after.inputs]
    if old != new:
        yield Detail("~", f"inputs {', '.join(old)} → {', '.join(new)}")
    shapes = [", ".join(f"{field.name} ({describe(field)})" for field in each.outputs) for each in (before, after)]
    if shapes[0] != shapes[1]:
        yield Detail("~", f"outputs {shapes[0]} → {shapes[1]}")


def _member(name: str, old: Any, new: Any) -> Iterator[Detail]:
    if meaning(old) == meaning(new):
        return
    if _is_items(old) and _is_items(new):
        yield from _items(old, new)
        return
    before, after = _text(old), _text(new)
    if before == after:
        yield Detail("~", f"{name} differs")
    else:
        yield Detail("~", f"{name} {before} → {after}")


def _is_items(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(item, SetItem) for item in value)


def _items(before: Sequence[SetItem], after: Sequence[SetItem]) -> Iterator[Detail]:
    old, new = {item.name: item for item in before}, {item.name: item for item in after}
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new:
            yield Detail("-", f"{name} = {_item_text(old[name])}")
        elif name not in old:
            yield Detail("+", f"{name} = {_item_text(new[name])}")
        elif meaning(old[name].value) != meaning(new[name].value):
            yield Detail("~", f"{name} = {_item_text(old[name])} → {_item_text(new[name])}")
    if old.keys() == new.keys() and list(old) != list(new):
        yield Detail("~", f"order {', '.join(old)} → {', '.join(new)}")


def _item_text(item: SetItem) -> str:
    return item.text or expression_text(item.value)


def _text(value: Any) -> str:
    """A member of a node in a word or few."""
    if value is None:
        return "none"
    if type(value) in _EXPRESSIONS:
        return expression_text(value)
    if isinstance(value, Field):
        return f"{value.name} ({describe(value)})"
    if isinstance(value, tuple):
        return ", ".join(" → ".join(map(str, each)) if _is_pair(each) else _text(each) for each in value) or "none"
    name = getattr(value, "name", None)
    return str(value) if name is None else str(name)


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(part, str) for part in value)
