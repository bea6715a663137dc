"""What one decision may cost at most, known before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .expression_reads import cost
from .graph import GraphNode

COST_LIMIT = 5_000_000  # steps of a ruleset, as `expression_reads.cost` counts them
EXPRESSION_COST_LIMIT = 1_000_000  # steps of one expression


def ruleset_cost(nodes: Sequence[GraphNode], costs: Mapping[str, int]) -> int:
    """The steps of the dearest way through nodes in topological order; `costs` are those of rulesets that they call."""
    after: dict[str, int] = {}
    for node in reversed(nodes):
        after[node.name] = node_cost(node, costs) + max((after[target] for target in node.ways()), default=0)
    return after[nodes[0].name]


def node_cost(node: GraphNode, costs: Mapping[str, int]) -> int:
    """The steps of one node."""
    call = node.call()
    called = 0 if call is None else costs[call.ruleset]
    return 1 + sum(cost(expression) for expression in node.expressions()) + node.work() + called
