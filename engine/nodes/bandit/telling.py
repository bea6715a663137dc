"""How a `bandit` node is described."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...ir.graph import Experiments
from ...operators.phrases import expression_text
from ..telling import DrawnWay, Look, Steps, binding_text, item_lines, last_way
from .node import BanditNode

LOOK = Look("cut", "#fbe6f2", "#b0347f")


def box_lines(node: BanditNode) -> Iterator[str]:
    """The bandit, its features, and when arms may be picked."""
    yield f"{node.bandit} by {expression_text(node.unit)}{binding_text(node.bind)}"
    yield from item_lines(node.features)
    yield from (f"{arm.name} if {expression_text(arm.when)}" for arm in node.choices if arm.when is not None)


def arrows(node: BanditNode, _experiments: Experiments) -> Iterator[DrawnWay]:
    """A way for each arm or one for all, and one for when nobody can choose."""
    yield from (DrawnWay(target, arm) for arm, target in node.arms)
    if node.then:
        yield DrawnWay(node.then)
    yield from last_way(node.otherwise, "nobody can choose")


def steps(node: BanditNode, around: Steps, _experiments: Experiments) -> Iterator[str]:
    """When arms may be picked, then where they lead."""
    yield f"the bandit {node.bandit} picks an arm for {expression_text(node.unit)}"
    for choice in node.choices:
        if choice.when is not None:
            yield f"{choice.name} only if {expression_text(choice.when)}"
    yield from (f"{arm} {around.to(target)}" for arm, target in node.arms)
    if node.bind:
        yield f"arm and probability are vars.{node.bind}"
    if node.then:
        yield around.next_step(node.then)
    without = f"the fallback {node.fallback}" if node.otherwise is None else around.to(node.otherwise)
    yield f"when nobody can choose: {without}"


def outcomes(node: BanditNode) -> Iterator[str]:
    """Each arm, whether or not it leads to a node of its own, and none where that leads elsewhere."""
    yield from (f"arm {choice.name}" for choice in node.choices)
    if node.otherwise is not None:
        yield "no arm"


def outcomes_seen(entry: Mapping[str, Any]) -> Iterator[str]:
    """The arm that was picked."""
    yield f"arm {entry['outcome']}" if entry["choice"] else "no arm"


def outcome_text(entry: Mapping[str, Any]) -> str:
    """`red`, `blue (timeout)`."""
    outcome, status = entry["outcome"], entry["status"]
    return str(outcome) if status in {"ok", outcome} else f"{outcome} ({status})"
