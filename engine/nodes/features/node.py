"""A `features` node's meaning: what to read, of whom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from ...ir.expression import Expression
from ...ir.frozen import frozen
from ...ir.graph import FeatureView, GraphNode, GraphPart, Personal, Secrets


@frozen
class FeatureRead(GraphPart):
    """One view, and the expression that yields the id of whom or what to read it of."""

    view: FeatureView
    entity: Expression


@frozen
class FeaturesNode(GraphNode):
    """Reads feature views; their features are then found below `features.<view>`."""

    kind: ClassVar[str] = "features"
    name: str
    reads: tuple[FeatureRead, ...]
    then: str

    def expressions(self) -> Iterable[Expression]:
        """The entity of each view."""
        return [read.entity for read in self.reads]

    def ways(self) -> Iterable[str]:
        """`then`."""
        return (self.then,)

    def binds(self) -> Iterable[str]:
        """Nothing: features are found below `features`."""
        return ()

    def personal(self, secrets: Secrets) -> Personal:  # noqa: ARG002 - it binds nothing
        """Nothing: it binds nothing."""
        return Personal()

    def references(self) -> Iterable[tuple[str, str]]:
        """The views."""
        return [("FeatureView", read.view.name) for read in self.reads]
