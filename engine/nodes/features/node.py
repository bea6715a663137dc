"""A `features` node's meaning: what to read, and for which entity."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from ...ir.constants import are_named_values
from ...ir.expression import Expression, ValueType
from ...ir.frozen import frozen
from ...ir.graph import FeatureView, GraphNode, GraphPart, Makes, Personal, Secrets
from ...ir.value_types import is_text, object_type


@frozen
class FeatureRead(GraphPart):
    """One view, and the expression that yields the id of the entity to read."""

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

    def makes(self, outputs: Callable[[str], ValueType]) -> Makes:  # noqa: ARG002 - it calls no ruleset
        """The features of each view."""
        return Makes(features={read.view.name: object_type(read.view.features) for read in self.reads})

    def personal(self, secrets: Secrets) -> Personal:
        """Each view that is read of something personal."""
        return Personal(views=tuple(read.view.name for read in self.reads if secrets.is_revealed_by([read.entity])))

    def references(self) -> Iterable[tuple[str, str]]:
        """The views."""
        return [("FeatureView", read.view.name) for read in self.reads]

    def flaw(self) -> str | None:
        """An entity that is not text, or a default that is not a value of its feature."""
        if not is_text(*(read.entity.type for read in self.reads)):
            return f"an entity of `{self.name}` is not text"
        for read in self.reads:
            if not are_named_values(read.view.features, read.view.defaults):
                return f"a default of `{read.view.name}` is not a value of its feature"
        return None
