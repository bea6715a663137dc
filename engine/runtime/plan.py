"""The read plan: which answers a ruleset may need that the request alone determines, so that they are read at once.

A need is planned when its key comes from the profile, the context, the event or the clock. One whose key comes from
features, vars or segments is asked for when its node is reached, which costs another trip; so are models and bandits,
whose answers cost more than a look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from ..ir.expression import Expression
from ..ir.expression_reads import reads
from ..ir.graph import CapNode, Experiment, ExperimentNode, FeaturesNode, GraphNode, Ruleset, RulesetNode
from ..nodes.cap.run import cap_need
from ..nodes.experiment.run import experiment_need
from ..nodes.features.run import features_need
from .codegen.writer import RulesetWriter


class PlannedRead(NamedTuple):
    """One answer that a ruleset may need, at which node (`call/node` inside another ruleset); whether it is planned."""

    node: str
    kind: str
    name: str
    planned: bool


def is_known(expression: Expression) -> bool:
    """Whether the request alone determines the value."""
    read = reads(expression)
    return not (read.features or read.vars or read.segments)


def planned_reads(
    ruleset: Ruleset, rulesets: Mapping[str, Ruleset], experiments: Mapping[str, Experiment]
) -> Iterator[PlannedRead]:
    """Every look-up of a ruleset and of those it calls, as `explain` shows them."""
    for node in ruleset.nodes:
        match node:
            case FeaturesNode():
                for read in node.reads:
                    yield PlannedRead(node.name, "features", read.view.name, is_known(read.entity))
            case ExperimentNode() if experiments[node.experiment].sticky:
                yield PlannedRead(node.name, "sticky", node.experiment, is_known(node.unit))
            case CapNode():
                yield PlannedRead(node.name, "cap", node.name, is_known(node.key) and is_known(node.unit))
            case RulesetNode():
                known = all(is_known(item.value) for item in node.context)
                for inner in planned_reads(rulesets[node.ruleset], rulesets, experiments):
                    yield inner._replace(node=f"{node.name}/{inner.node}", planned=inner.planned and known)


def write_plan(writer: RulesetWriter, callee: Callable[[str], str | None]) -> list[str]:
    """The body of a function `(p, c, e, now)` that gives the planned needs; `callee` names another ruleset's plan."""
    writer.line("needs = []")
    before = len(writer.lines)
    for node in writer.ruleset.nodes:
        for need in _known_needs(node, writer):
            writer.line(f"needs.append({need})")
        if isinstance(node, RulesetNode) and all(is_known(item.value) for item in node.context):
            plan = callee(node.ruleset)
            if plan is not None:
                context = writer.object((item.name, item.value) for item in node.context)
                writer.line(f"needs += {plan}(p, {context}, e, now)")
    if len(writer.lines) == before:
        return []
    writer.line("return needs")
    return writer.lines


def _known_needs(node: GraphNode, writer: RulesetWriter) -> list[str]:
    """Source of each need of the node that the request determines."""
    if isinstance(node, FeaturesNode):
        return [features_need(read, writer) for read in node.reads if is_known(read.entity)]
    if isinstance(node, ExperimentNode) and writer.experiment(node.experiment).sticky and is_known(node.unit):
        return [experiment_need(node, writer)]
    if isinstance(node, CapNode) and is_known(node.key) and is_known(node.unit):
        return [cap_need(node, writer)]
    return []
