"""Differences between two nodes of the same name: cases, rows, items, ways out, settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from ...ir.expression import EXPRESSIONS
from ...ir.graph import GraphNode, GraphPart, SetItem
from ...ir.types import Field
from ...nodes.kind import NodeKinds
from ...nodes.kinds import NODE_KINDS
from ...nodes.telling import Listed, item_text
from ...operators.phrases import expression_text
from .catalogue import describe
from .change import Detail
from .sameness import meaning

_EXPRESSIONS = frozenset(EXPRESSIONS)


def node_differences(before: GraphNode, after: GraphNode, kinds: NodeKinds = NODE_KINDS) -> Iterator[Detail]:
    """The differences, each starting with the node's name."""
    for detail in _differences(before, after, kinds):
        yield Detail(detail.sign, f"{after.name}: {detail.text}")


def _differences(before: GraphNode, after: GraphNode, kinds: NodeKinds) -> Iterator[Detail]:
    if type(before) is not type(after):
        yield Detail("~", f"{before.kind} → {after.kind}")
        return
    listed = kinds.of(after).authoring().listed
    for parts in listed:
        yield from _parts(parts, getattr(before, parts.member), getattr(after, parts.member))
    compared = {"name", *(parts.member for parts in listed)}
    for name in before.__match_args__:
        if name not in compared:
            yield from _member(name, getattr(before, name), getattr(after, name))


def _parts(listed: Listed, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Detail]:
    """Parts that were added or removed, and parts that continue at another node."""
    old, new = [meaning(listed.key(part)) for part in before], [meaning(listed.key(part)) for part in after]
    noun, text = listed.noun, listed.text
    for tag, low, high, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from (Detail("-", f"{noun} {at + 1}: {text(before[at])}") for at in range(low, high))
            yield from (Detail("+", f"{noun} {at + 1}: {text(after[at])}") for at in range(start, end))
        elif listed.now is not None:
            for was, at in zip(before[low:high], range(start, end), strict=True):
                if listed.now(was) != listed.now(after[at]):
                    yield Detail("~", f"{noun} {at + 1}: {text(was)}, now {listed.now(after[at])}")


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
            yield Detail("-", f"{name} = {item_text(old[name])}")
        elif name not in old:
            yield Detail("+", f"{name} = {item_text(new[name])}")
        elif meaning(old[name].value) != meaning(new[name].value):
            yield Detail("~", f"{name} = {item_text(old[name])} → {item_text(new[name])}")
    if old.keys() == new.keys() and list(old) != list(new):
        yield Detail("~", f"order {', '.join(old)} → {', '.join(new)}")


def _text(value: Any) -> str:
    """A member of a node in a few words."""
    if value is None:
        return "none"
    if type(value) in _EXPRESSIONS:
        return expression_text(value)
    if isinstance(value, Field):
        return f"{value.name} ({describe(value)})"
    if isinstance(value, tuple):
        return ", ".join(" → ".join(map(str, each)) if _is_pair(each) else _text(each) for each in value) or "none"
    if isinstance(value, GraphPart) and hasattr(value, "value"):  # a column of a table
        return expression_text(value.value)
    name = getattr(value, "name", None)
    return str(value) if name is None else str(name)


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(part, str) for part in value)
