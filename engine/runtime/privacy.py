"""Which expressions tell something personal, so that traces leave their values out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..ir.expression import Expression, Name
from ..ir.expression_reads import parts
from ..ir.graph import GraphNode, ModelNode, Ruleset, RulesetNode, SetNode
from ..ir.types import Catalogue, Field


def privacy_of(ruleset: Ruleset, catalogue: Catalogue) -> Callable[[Expression], bool]:
    """A test whether an expression reads a personal or encrypted field, or a var that was made of one."""
    private: set[str] = set()

    def is_private(expression: Expression) -> bool:
        names = [part for part in parts(expression) if isinstance(part, Name)]
        return any(_is_private(name, ruleset, catalogue, private) for name in names)

    for node in ruleset.nodes:  # in topological order: a var is made before it is read
        for name, expressions in _made(node):
            if any(is_private(expression) for expression in expressions):
                private.add(name)
    return is_private


def _made(node: GraphNode) -> Iterator[tuple[str, list[Expression]]]:
    """Each var that a node binds, with the expressions that it is made of."""
    if isinstance(node, SetNode):
        yield from ((item.name, [item.value]) for item in node.items)
    elif isinstance(node, ModelNode):
        yield node.bind, [item.value for item in node.inputs]
    elif isinstance(node, RulesetNode) and node.bind is not None:
        yield node.bind, [item.value for item in node.context]


def _is_private(name: Name, ruleset: Ruleset, catalogue: Catalogue, private: set[str]) -> bool:
    if name.root == "vars":
        return name.path[0] in private
    fields, steps = _fields(name, ruleset, catalogue)
    for step in steps:
        found = next((each for each in fields if each.name == step), None)
        if found is None:
            return False
        if found.personal or found.encrypted is not None:
            return True
        fields = found.fields
    return False


def _fields(name: Name, ruleset: Ruleset, catalogue: Catalogue) -> tuple[tuple[Field, ...], tuple[str, ...]]:
    """The declared fields that the steps of a name begin at."""
    if name.root == "profile":
        return catalogue.fields, name.path
    if name.root == "context":
        return ruleset.context, name.path
    if name.root == "event" and name.path[:1] == ("data",):
        event = catalogue.event(ruleset.event or "")
        return (event.fields if event else ()), name.path[1:]
    return (), ()
