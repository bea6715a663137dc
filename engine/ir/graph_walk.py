"""What nodes have in common, whatever their kind: expressions, the nodes they lead to, the word for the kind."""

from __future__ import annotations

from collections.abc import Iterator

from .expression import Expression
from .graph import (
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


def kind_of(node: GraphNode) -> str:
    """The word for a node's kind, as authors write it."""
    return type(node).__name__.removesuffix("Node").lower()


def targets(node: GraphNode) -> list[str]:
    """Every node that evaluation may go to next, once per way."""
    found = [case.then for case in getattr(node, "cases", ())]
    found += [target for _, target in getattr(node, "arms", ())]
    found += [getattr(node, key, None) for key in ("then", "otherwise")]
    return [target for target in found if target is not None]
