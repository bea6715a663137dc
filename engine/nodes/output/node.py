"""An `output` node's meaning: the decision."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from ...ir.expression import Expression, ValueType
from ...ir.frozen import frozen
from ...ir.graph import GraphNode, Makes, Personal, Secrets, SetItem


@frozen
class OutputNode(GraphNode):
    """The decision, one item per declared output that is given."""

    kind: ClassVar[str] = "output"
    name: str
    items: tuple[SetItem, ...]

    def expressions(self) -> Iterable[Expression]:
        """The value of each output."""
        return [item.value for item in self.items]

    def ways(self) -> Iterable[str]:
        """None: it is the decision."""
        return ()

    def binds(self) -> Iterable[str]:
        """Nothing."""
        return ()

    def makes(self, outputs: Callable[[str], ValueType]) -> Makes:  # noqa: ARG002 - it calls no ruleset
        """The decision."""
        return Makes(decision={item.name: item.value.type for item in self.items})

    def personal(self, secrets: Secrets) -> Personal:
        """The decision, where an output is made of something personal."""
        return Personal(decision=secrets.is_revealed_by(self.expressions()))
