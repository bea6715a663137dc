"""How a `features` node is described."""

from __future__ import annotations

from collections.abc import Iterator

from ...ir.graph import Experiments
from ...operators.phrases import expression_text
from ..telling import DrawnWay, Listed, Look, Steps
from .node import FeatureRead, FeaturesNode

LOOK = Look("box", "#e2f4ee", "#00805c")


def box_lines(node: FeaturesNode) -> Iterator[str]:
    """Each view, with the entity that it is read for."""
    yield from (f"{read.view.name} by {expression_text(read.entity)}" for read in node.reads)


def arrows(node: FeaturesNode, _experiments: Experiments) -> Iterator[DrawnWay]:
    """The only way."""
    yield DrawnWay(node.then)


def steps(node: FeaturesNode, around: Steps, _experiments: Experiments) -> Iterator[str]:
    """The views, then the way."""
    yield f"read the features {', '.join(map(read_text, node.reads))}, {around.next_step(node.then)}"


def read_text(read: FeatureRead) -> str:
    """`spending of profile.customer_id`."""
    return f"{read.view.name} of {expression_text(read.entity)}"


READS = Listed("reads", "view", read_text)
