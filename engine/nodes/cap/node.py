"""A `cap` node's meaning: what is counted, for which key, how often and within what time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from ...ir.expression import Expression
from ...ir.frozen import frozen
from ...ir.graph import GraphNode, Personal, Secrets
from ...ir.value_types import is_text


@frozen
class CapNode(GraphNode):
    """Goes to `then` while the unit has had fewer than `limit` of `key` within `within` ms, else to `otherwise`.

    Going to `then` counts as one.
    """

    kind: ClassVar[str] = "cap"
    name: str
    key: Expression
    unit: Expression
    limit: int
    within: int
    then: str
    otherwise: str

    def expressions(self) -> Iterable[Expression]:
        """Key and unit."""
        return (self.key, self.unit)

    def ways(self) -> Iterable[str]:
        """`then`, then `otherwise`."""
        return (self.then, self.otherwise)

    def binds(self) -> Iterable[str]:
        """Nothing."""
        return ()

    def personal(self, secrets: Secrets) -> Personal:  # noqa: ARG002 - it makes no value
        """Nothing: a count reveals nothing about the customer."""
        return Personal()

    def flaw(self) -> str | None:
        """Key or unit that is not text."""
        return None if is_text(self.key.type, self.unit.type) else f"key or unit of `{self.name}` is not text"
