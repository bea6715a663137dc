"""How a `ruleset` node is described."""

from __future__ import annotations

from collections.abc import Iterator

from ...ir.graph import Experiments
from ..telling import DrawnWay, Look, Steps, binding_text, item_lines, items_text
from .node import RulesetNode

LOOK = Look("framed", "#ece8fb", "#5a48b5")


def box_lines(node: RulesetNode) -> Iterator[str]:
    """The other ruleset and its context."""
    yield f"{node.ruleset}{binding_text(node.bind)}"
    yield from item_lines(node.context)


def arrows(node: RulesetNode, _experiments: Experiments) -> Iterator[DrawnWay]:
    """The only way, if there is one."""
    if node.then:
        yield DrawnWay(node.then)


def steps(node: RulesetNode, around: Steps, _experiments: Experiments) -> Iterator[str]:
    """What is called, and what becomes of its output."""
    context = f" with {items_text(node.context)}" if node.context else ""
    yield f"call the ruleset {node.ruleset}{context}"
    yield f"its output is {around.result(node.bind, node.then)}"
