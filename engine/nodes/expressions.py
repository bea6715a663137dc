"""The expressions of a node, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterator

from ..ir.expression import Expression
from ..ir.graph import (
    BanditNode,
    CapNode,
    ExperimentNode,
    FeaturesNode,
    GraphNode,
    ModelNode,
    OutputNode,
    RulesetNode,
    SetNode,
    SwitchNode,
    TableNode,
)


def node_expressions(node: GraphNode) -> Iterator[Expression]:
    """Every expression, in the order in which they may be evaluated."""
    match node:
        case SwitchNode():
            yield from (case.when for case in node.cases)
        case TableNode():
            yield from (item.value for item in node.inputs)
        case SetNode() | OutputNode():
            yield from (item.value for item in node.items)
        case FeaturesNode():
            yield from (read.entity for read in node.reads)
        case ModelNode():
            yield from (item.value for item in node.inputs)
        case ExperimentNode():
            yield node.unit
        case BanditNode():
            yield node.unit
            yield from (choice.when for choice in node.choices if choice.when is not None)
            yield from (item.value for item in node.features)
        case RulesetNode():
            yield from (item.value for item in node.context)
        case CapNode():
            yield node.key
            yield node.unit
