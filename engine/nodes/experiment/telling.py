"""How an `experiment` node is described."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...ir.graph import Experiment, Experiments
from ...operators.phrases import expression_text
from ...operators.wording import percent
from ..telling import DrawnWay, Look, Steps, binding_text, last_way
from .node import ExperimentNode

LOOK = Look("cut", "#fbe6f2", "#b0347f")

ASSIGNED = frozenset({"assigned", "sticky", "forced"})
"""Why a unit has an arm; for any other reason it is outside the experiment."""


def box_lines(node: ExperimentNode) -> Iterator[str]:
    """The experiment and the unit that it assigns."""
    yield f"{node.experiment} by {expression_text(node.unit)}{binding_text(node.bind)}"


def arrows(node: ExperimentNode, experiments: Experiments) -> Iterator[DrawnWay]:
    """A way for each arm, with its share where the experiment is known."""
    share = shares(experiments.get(node.experiment))
    yield from (DrawnWay(target, arm + share.get(arm, "")) for arm, target in node.arms)
    yield from last_way(node.otherwise, "not in the test")


def steps(node: ExperimentNode, around: Steps, experiments: Experiments) -> Iterator[str]:
    """A line for each arm."""
    share = shares(experiments.get(node.experiment))
    yield f"the experiment {node.experiment} assigns {expression_text(node.unit)}"
    yield from (f"{arm}{share.get(arm, '')} {around.to(target)}" for arm, target in node.arms)
    yield f"not in the test {around.to(node.otherwise)}"


def shares(experiment: Experiment | None) -> dict[str, str]:
    """The share of each arm in the latest phase, such as ` 50 %`."""
    if experiment is None:
        return {}
    total = sum(arm.weight for arm in experiment.phases[-1].arms) or 1
    return {arm.name: f" {percent(arm.weight / total)}" for arm in experiment.phases[-1].arms}


def outcomes(node: ExperimentNode) -> Iterator[str]:
    """Each arm, whether or not it leads to a node of its own, and being outside where that leads elsewhere."""
    yield from (f"arm {arm}" for arm, _target in node.arms)
    if node.otherwise not in dict(node.arms).values():
        yield "outside"


def outcomes_seen(entry: Mapping[str, Any]) -> Iterator[str]:
    """The arm that was assigned."""
    yield f"arm {entry['outcome']}" if entry["reason"] in ASSIGNED else "outside"


def outcome_text(entry: Mapping[str, Any]) -> str:
    """`new (assigned)`, `outside (coverage)`."""
    outcome, reason = entry["outcome"], entry["reason"]
    return f"{outcome} ({reason})" if outcome != reason else f"outside ({outcome})"
