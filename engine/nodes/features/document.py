"""What authors write for a `features` node."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from ...shapes.base import UNIQUE, ShapeProblem, Some, twice
from ...shapes.forms import Expression, Name
from ..shape import NodeShape


class FeaturesShape(NodeShape):
    """Reads feature views; their features are then found below `features.<view>`."""

    features: Some[Name] = Field(
        json_schema_extra=UNIQUE, description="The feature views to read.", examples=[["customer_activity"]]
    )
    entities: dict[Name, Expression] = Field(
        default_factory=dict,
        description="Who or what to read of, for each entity that is not the customer; by default `context.<entity>`.",
        examples=[{"product": "context.product_id"}],
    )
    then: Name = Field(description="The node to go to.")
    description: str = Field(default="", description="What they are for.")

    def problems(self) -> Iterator[ShapeProblem]:
        """Views named twice."""
        yield from twice(self.features, ("features",))
