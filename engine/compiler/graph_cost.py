"""What one decision may cost at most, known when compiling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..ir.expression_reads import cost
from ..ir.graph import GraphNode, Ruleset

COST_LIMIT = 5_000_000  # steps, as `engine.ir.expression_reads.cost` counts them


def ruleset_cost(nodes: Sequence[GraphNode], rulesets: Mapping[str, Ruleset]) -> int:
    """The steps of the dearest way through nodes in topological order, calls included."""
    after: dict[str, int] = {}
    for node in reversed(nodes):
        after[node.name] = node_cost(node, rulesets) + max((after[target] for target in node.ways()), default=0)
    return after[nodes[0].name]


def node_cost(node: GraphNode, rulesets: Mapping[str, Ruleset]) -> int:
    """The steps of one node."""
    call = node.call()
    called = 0 if call is None else rulesets[call.ruleset].cost
    return 1 + sum(cost(expression) for expression in node.expressions()) + node.work() + called
