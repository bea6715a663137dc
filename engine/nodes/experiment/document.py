"""What authors write for an `experiment` node."""

from __future__ import annotations

from pydantic import Field

from ...shapes.base import Maybe
from ...shapes.forms import Expression, Name
from ..shape import NodeShape


class ExperimentShape(NodeShape):
    """Assigns an arm and goes where the arm says; those outside the experiment go to `otherwise`."""

    experiment: Name = Field(description="The experiment's name.")
    arms: dict[Name, Name] = Field(
        min_length=1,
        description="The node to go to for each arm.",
        examples=[{"control": "standard", "treatment": "vip_pick"}],
    )
    unit: Maybe[Expression] = Field(
        default=None, description="Who is assigned; by default the profile's key or `context.<unit>`."
    )
    otherwise: Maybe[Name] = Field(
        default=None, description="The node for those outside the experiment; by default that of the control arm."
    )
    bind: Maybe[Name] = Field(default=None, alias="as", description="The name below `vars` that the arm's name gets.")
    description: str = Field(default="", description="What is tried here.")
