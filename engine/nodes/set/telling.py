"""How a `set` is described."""

from __future__ import annotations

from collections.abc import Iterator

from ...ir.graph import Experiments
from ..telling import DrawnWay, Look, Steps, item_lines, items_text
from .node import SetNode

LOOK = Look("box", "#f1f1f1", "#6b6b6b")


def box_lines(node: SetNode) -> Iterator[str]:
    """Each name with its value."""
    yield from item_lines(node.items)


def arrows(node: SetNode, _experiments: Experiments) -> Iterator[DrawnWay]:
    """The only way."""
    yield DrawnWay(node.then)


def steps(node: SetNode, around: Steps, _experiments: Experiments) -> Iterator[str]:
    """The names, then the way."""
    yield f"set {items_text(node.items)}, {around.next_step(node.then)}"
