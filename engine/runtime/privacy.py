"""Finds the expressions that reveal something personal, so that traces leave their values out.

A value that is computed from something personal is personal too: a var, the context of a called ruleset (for all its
callers), its output, a list or an object with one personal member.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..ir.expression import Expression, Name
from ..ir.expression_reads import parts
from ..ir.graph import Personal, Ruleset
from ..ir.private import with_derived
from ..ir.types import Catalogue, Field


class Privacy:
    """What is personal in the rulesets of a program."""

    __slots__ = ("_catalogue", "_contexts", "_rulesets", "_vars", "_views", "outputs")

    def __init__(self, rulesets: Mapping[str, Ruleset], catalogue: Catalogue) -> None:
        self._rulesets = rulesets
        self._catalogue = with_derived(catalogue)
        self._contexts: dict[str, set[str]] = {name: set() for name in rulesets}
        self.outputs: set[str] = set()
        self._vars: dict[str, set[str]] = {name: set() for name in rulesets}
        self._views: dict[str, set[str]] = {name: set() for name in rulesets}
        while any(self._spread(ruleset) for ruleset in rulesets.values()):
            pass  # until nothing more turns out to be personal; every round except the last finds something

    def test(self, ruleset: Ruleset) -> Callable[[Expression], bool]:
        """A test whether an expression of a ruleset reads something personal."""
        return lambda expression: self.is_private(expression, ruleset)

    def _spread(self, ruleset: Ruleset) -> bool:
        """Whether one more var, context or output turns out to be personal."""
        found = False
        secrets = _Secrets(self, ruleset)
        for node in ruleset.nodes:
            found = self._note(node.personal(secrets), ruleset.name) or found
            call = node.call()
            if call is not None and call.ruleset in self._contexts:
                handed = {item.name for item in call.context if self.is_private(item.value, ruleset)}
                found = found or not handed <= self._contexts[call.ruleset]
                self._contexts[call.ruleset] |= handed
        return found

    def _note(self, personal: Personal, ruleset: str) -> bool:
        """Store what turned out to be personal; returns whether any of it is new."""
        known, views = self._vars[ruleset], self._views[ruleset]
        found = not (known.issuperset(personal.vars) and views.issuperset(personal.views))
        found = found or (personal.decision and ruleset not in self.outputs)
        known.update(personal.vars)
        views.update(personal.views)
        if personal.decision:
            self.outputs.add(ruleset)
        return found

    def is_private(self, expression: Expression, ruleset: Ruleset) -> bool:
        """Whether an expression of a ruleset reads something personal."""
        return any(self._reads_private(part, ruleset) for part in parts(expression) if isinstance(part, Name))

    def _reads_private(self, name: Name, ruleset: Ruleset) -> bool:
        if name.root == "vars":
            return not self._vars[ruleset.name].isdisjoint(name.path[:1])
        if name.root == "features":
            return not self._views[ruleset.name].isdisjoint(name.path[:1])
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


class _Secrets:
    """The questions about privacy that the nodes of one ruleset may ask."""

    __slots__ = ("_privacy", "_ruleset")

    def __init__(self, privacy: Privacy, ruleset: Ruleset) -> None:
        self._privacy = privacy
        self._ruleset = ruleset

    def is_revealed_by(self, expressions: Iterable[Expression]) -> bool:
        """Whether one of them reads something personal."""
        return any(self._privacy.is_private(expression, self._ruleset) for expression in expressions)

    def is_revealed_by_output(self, ruleset: str) -> bool:
        """Whether the decision of a ruleset is known, so far, to reveal something personal."""
        return ruleset in self._privacy.outputs


def _has_private(field: Field) -> bool:
    """Whether a field or a member of it is personal."""
    return field.personal or field.encrypted is not None or any(_has_private(each) for each in field.fields)
