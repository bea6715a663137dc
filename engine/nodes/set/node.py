"""A `set` node's meaning: named values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from ...ir.expression import Expression, ValueType
from ...ir.frozen import frozen
from ...ir.graph import GraphNode, Makes, Personal, Secrets, SetItem


@frozen
class SetNode(GraphNode):
    """Binds names one after the other; a later one may use an earlier one."""

    kind: ClassVar[str] = "set"
    name: str
    items: tuple[SetItem, ...]
    then: str

    def expressions(self) -> Iterable[Expression]:
        """The value of each name."""
        return [item.value for item in self.items]

    def ways(self) -> Iterable[str]:
        """`then`."""
        return (self.then,)

    def binds(self) -> Iterable[str]:
        """Each name."""
        return [item.name for item in self.items]

    def makes(self, outputs: Callable[[str], ValueType]) -> Makes:  # noqa: ARG002 - it calls no ruleset
        """Each name with the type of its value."""
        return Makes({item.name: item.value.type for item in self.items})

    def personal(self, secrets: Secrets) -> Personal:
        """Each name whose value is made of something personal."""
        return Personal(tuple(item.name for item in self.items if secrets.is_revealed_by([item.value])))
