"""How a `model` node is described."""

from __future__ import annotations

from collections.abc import Iterator

from ...ir.graph import Experiments
from ..telling import DrawnWay, Look, Steps, binding_text, item_lines, items_text
from .node import ModelNode

LOOK = Look("box", "#e2f4ee", "#00805c")


def box_lines(node: ModelNode) -> Iterator[str]:
    """The model and its inputs."""
    yield f"{node.model.name}{binding_text(node.bind)}"
    yield from item_lines(node.inputs)


def arrows(node: ModelNode, _experiments: Experiments) -> Iterator[DrawnWay]:
    """The only way."""
    yield DrawnWay(node.then)


def steps(node: ModelNode, around: Steps, _experiments: Experiments) -> Iterator[str]:
    """What is asked, and what becomes of the answer."""
    yield f"ask the model {node.model.name} with {items_text(node.inputs)} for at most {node.timeout} ms"
    yield f"its answer, or the fallback, is vars.{node.bind}, {around.next_step(node.then)}"
