"""A `model` node's meaning: the call of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from ...ir.constants import are_named_values
from ...ir.expression import Expression, ValueType
from ...ir.frozen import frozen
from ...ir.graph import GraphNode, Makes, Model, Personal, Secrets, SetItem
from ...ir.value_types import object_type


@frozen
class ModelNode(GraphNode):
    """Calls a model with named inputs; its outputs are bound as one object, the fallback's after `timeout` ms."""

    kind: ClassVar[str] = "model"
    name: str
    model: Model
    inputs: tuple[SetItem, ...]
    bind: str
    then: str
    timeout: int = 50

    def expressions(self) -> Iterable[Expression]:
        """The inputs."""
        return [item.value for item in self.inputs]

    def ways(self) -> Iterable[str]:
        """`then`."""
        return (self.then,)

    def binds(self) -> Iterable[str]:
        """The object of the model's outputs."""
        return (self.bind,)

    def makes(self, outputs: Callable[[str], ValueType]) -> Makes:  # noqa: ARG002 - it calls no ruleset
        """The object of the model's outputs."""
        return Makes({self.bind: object_type(self.model.outputs)})

    def personal(self, secrets: Secrets) -> Personal:
        """The outputs, where an input is personal."""
        return Personal((self.bind,) if secrets.is_revealed_by(self.expressions()) else ())

    def references(self) -> Iterable[tuple[str, str]]:
        """The model."""
        return [("Model", self.model.name)]

    def flaw(self) -> str | None:
        """A fallback that is not a value of its output."""
        fits = are_named_values(self.model.outputs, self.model.fallback)
        return None if fits else f"the fallback of `{self.name}` is of another type than its outputs"
