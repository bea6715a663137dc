"""What one decision may cost at most, known when compiling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..ir.expression_reads import cost
from ..ir.graph import GraphNode, Ruleset, RulesetNode, TableNode
from ..ir.graph_walk import node_expressions, targets

COST_LIMIT = 5_000_000  # steps, as `engine.ir.expression_reads.cost` counts them
ROWS_AT_ONCE = 64  # rows that one step of a table's index handles


def ruleset_cost(nodes: Sequence[GraphNode], rulesets: Mapping[str, Ruleset]) -> int:
    """The steps of the dearest way through nodes in topological order, calls included."""
    after: dict[str, int] = {}
    for node in reversed(nodes):
        after[node.name] = node_cost(node, rulesets) + max((after[target] for target in targets(node)), default=0)
    return after[nodes[0].name]


def node_cost(node: GraphNode, rulesets: Mapping[str, Ruleset]) -> int:
    """The steps of one node."""
    steps = 1 + sum(cost(expression) for expression in node_expressions(node))
    if isinstance(node, TableNode):
        steps += len(node.inputs) * (1 + len(node.rows) // ROWS_AT_ONCE)
    elif isinstance(node, RulesetNode):
        steps += rulesets[node.ruleset].cost
    return steps
