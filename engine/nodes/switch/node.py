"""A switch's meaning: cases, each a condition and where it leads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from ...ir.expression import Expression
from ...ir.frozen import frozen
from ...ir.graph import GraphNode, GraphPart, Personal, Secrets


@frozen
class SwitchCase(GraphPart):
    """One way out of a switch; `text` is the condition as written, for traces."""

    when: Expression
    then: str
    text: str = ""


@frozen
class SwitchNode(GraphNode):
    """The first case that holds says where to go, else `otherwise`."""

    kind: ClassVar[str] = "switch"
    name: str
    cases: tuple[SwitchCase, ...]
    otherwise: str

    def expressions(self) -> Iterable[Expression]:
        """The condition of each case."""
        return [case.when for case in self.cases]

    def surely(self) -> Iterable[Expression]:
        """The first condition; the others are evaluated where none before held."""
        return [case.when for case in self.cases[:1]]

    def ways(self) -> Iterable[str]:
        """The node of each case, then `otherwise`."""
        return [*(case.then for case in self.cases), self.otherwise]

    def binds(self) -> Iterable[str]:
        """Nothing."""
        return ()

    def personal(self, secrets: Secrets) -> Personal:  # noqa: ARG002 - it makes no value
        """Nothing: it only says where to go."""
        return Personal()
