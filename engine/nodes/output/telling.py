"""How an `output` is described."""

from __future__ import annotations

from collections.abc import Iterator

from ...ir.graph import Experiments
from ..telling import DrawnWay, Look, Steps, item_lines, items_text
from .node import OutputNode

LOOK = Look("round", "#e5f5e0", "#2f7d32")


def box_lines(node: OutputNode) -> Iterator[str]:
    """Each output."""
    yield from item_lines(node.items)


def arrows(_node: OutputNode, _experiments: Experiments) -> Iterator[DrawnWay]:
    """None."""
    yield from ()


def steps(node: OutputNode, _around: Steps, _experiments: Experiments) -> Iterator[str]:
    """The decision."""
    yield f"decide {items_text(node.items)}"
