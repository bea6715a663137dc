"""What authors write for a `model` node."""

from __future__ import annotations

from pydantic import Field

from ...shapes.base import Maybe
from ...shapes.forms import ExpressionOrConstant, Name, Timeout
from ..shape import NodeShape


class ModelShape(NodeShape):
    """Calls a model; its outputs are bound as one object, its declared fallback where it fails or is late."""

    model: Name = Field(description="The model's name.")
    inputs: dict[Name, ExpressionOrConstant] = Field(
        default_factory=dict,
        description="An expression for each input that the model does not say itself.",
        examples=[{"orders": "features.activity.orders_30d"}],
    )
    deadline: Maybe[Timeout] = Field(
        default=None, description="Wait no longer than this, if less than the model's own."
    )
    bind: Name = Field(alias="as", description="The name below `vars` that the outputs get.")
    then: Name = Field(description="The node to go to.")
    description: str = Field(default="", description="What it predicts.")
