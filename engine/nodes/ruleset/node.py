"""A `ruleset` node's meaning: the call of another ruleset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from ...ir.expression import Expression, ValueType
from ...ir.frozen import frozen
from ...ir.graph import Call, GraphNode, Makes, Personal, Secrets, SetItem


@frozen
class RulesetNode(GraphNode):
    """Calls another ruleset with a context; without `then` its output is the decision, with it the output is bound."""

    kind: ClassVar[str] = "ruleset"
    named: ClassVar[Mapping[str, str]] = {"ruleset": "Ruleset"}
    name: str
    ruleset: str
    context: tuple[SetItem, ...] = ()
    bind: str | None = None
    then: str | None = None

    def expressions(self) -> Iterable[Expression]:
        """The context that is handed over."""
        return [item.value for item in self.context]

    def ways(self) -> Iterable[str]:
        """`then`, where it is given."""
        return () if self.then is None else (self.then,)

    def binds(self) -> Iterable[str]:
        """The other ruleset's output."""
        return () if self.bind is None else (self.bind,)

    def makes(self, outputs: Callable[[str], ValueType]) -> Makes:
        """The other ruleset's output, bound or as the decision."""
        found = outputs(self.ruleset)
        if self.then is None:
            return Makes(dict.fromkeys(self.binds(), found), decision=dict(found.members))
        return Makes(dict.fromkeys(self.binds(), found))

    def personal(self, secrets: Secrets) -> Personal:
        """The output, where the context or what the other ruleset makes of it is personal."""
        output = secrets.is_revealed_by_output(self.ruleset)
        if self.bind is not None and (output or secrets.is_revealed_by(self.expressions())):
            return Personal((self.bind,), self.then is None and output)
        return Personal((), self.then is None and output)

    def call(self) -> Call:
        """The other ruleset with its context."""
        return Call(self.ruleset, self.context)

    def flaw(self) -> str | None:
        """A way on without a name for the output."""
        return (
            f"`{self.name}` goes on without a name for its outputs"
            if (self.then is None) != (self.bind is None)
            else None
        )
