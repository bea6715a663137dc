"""Which expressions tell something personal, so that traces leave their values out.

What is made of something personal is personal too, however little of it is left: a var, the context of a called ruleset
(wherever it is called from), its output, a list or an object with one personal member.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ..ir.expression import Expression, Name
from ..ir.expression_reads import parts
from ..ir.graph import GraphNode, ModelNode, OutputNode, Ruleset, RulesetNode, SetNode
from ..ir.types import Catalogue, Field


class Privacy:
    """What is personal in the rulesets of a program."""

    __slots__ = ("_catalogue", "_contexts", "_outputs", "_rulesets", "_vars")

    def __init__(self, rulesets: Mapping[str, Ruleset], catalogue: Catalogue) -> None:
        self._rulesets = rulesets
        self._catalogue = catalogue
        self._contexts: dict[str, set[str]] = {name: set() for name in rulesets}
        self._outputs: set[str] = set()
        self._vars: dict[str, set[str]] = {name: set() for name in rulesets}
        while any(self._spread(ruleset) for ruleset in rulesets.values()):
            pass  # until nothing more turns out to be personal; every round but the last finds something

    def test(self, ruleset: Ruleset) -> Callable[[Expression], bool]:
        """A test whether an expression of a ruleset reads something personal."""
        return lambda expression: self._is_private(expression, ruleset)

    def _spread(self, ruleset: Ruleset) -> bool:
        """Whether one more var, context or output turns out to be personal."""
        found = False
        for node in ruleset.nodes:
            for name, private in self._made(node, ruleset):
                if private and name not in self._vars[ruleset.name]:
                    self._vars[ruleset.name].add(name)
                    found = True
            if isinstance(node, RulesetNode) and node.ruleset in self._contexts:
                handed = {item.name for item in node.context if self._is_private(item.value, ruleset)}
                found = found or not handed <= self._contexts[node.ruleset]
                self._contexts[node.ruleset] |= handed
            if ruleset.name not in self._outputs and self._gives(node, ruleset):
                self._outputs.add(ruleset.name)
                found = True
        return found

    def _made(self, node: GraphNode, ruleset: Ruleset) -> Iterator[tuple[str, bool]]:
        """Each var that a node binds, and whether it is made of something personal."""
        if isinstance(node, SetNode):
            yield from ((item.name, self._is_private(item.value, ruleset)) for item in node.items)
        elif isinstance(node, ModelNode):
            yield node.bind, any(self._is_private(item.value, ruleset) for item in node.inputs)
        elif isinstance(node, RulesetNode) and node.bind is not None:
            handed = any(self._is_private(item.value, ruleset) for item in node.context)
            yield node.bind, handed or node.ruleset in self._outputs

    def _gives(self, node: GraphNode, ruleset: Ruleset) -> bool:
        """Whether the decision that a node makes is made of something personal."""
        if isinstance(node, OutputNode):
            return any(self._is_private(item.value, ruleset) for item in node.items)
        return isinstance(node, RulesetNode) and node.then is None and node.ruleset in self._outputs

    def _is_private(self, expression: Expression, ruleset: Ruleset) -> bool:
        return any(self._reads_private(part, ruleset) for part in parts(expression) if isinstance(part, Name))

    def _reads_private(self, name: Name, ruleset: Ruleset) -> bool:
        if name.root == "vars":
            return name.path[0] in self._vars[ruleset.name]
        if name.root == "context" and name.path[:1] and name.path[0] in self._contexts[ruleset.name]:
            return True
        fields, steps = self._fields(name, ruleset)
        for step in steps:
            found = next((each for each in fields if each.name == step), None)
            if found is None:
                return False
            if found.personal or found.encrypted is not None:
                return True
            fields = found.fields
        return any(_has_private(each) for each in fields)

    def _fields(self, name: Name, ruleset: Ruleset) -> tuple[tuple[Field, ...], tuple[str, ...]]:
        """The declared fields that the steps of a name begin at."""
        if name.root == "profile":
            return self._catalogue.fields, name.path
        if name.root == "context":
            return ruleset.context, name.path
        if name.root == "event" and name.path[:1] == ("data",):
            event = self._catalogue.event(ruleset.event or "")
            return (event.fields if event else ()), name.path[1:]
        return (), ()


def _has_private(field: Field) -> bool:
    """Whether a field or a member of it is personal."""
    return field.personal or field.encrypted is not None or any(_has_private(each) for each in field.fields)
