"""What authors write for a `cap`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ...shapes.base import Maybe, Shape
from ...shapes.forms import Duration, Expression, Name
from ..shape import NodeShape


class FrequencyCap(Shape):
    """How often within which time; each customer and key is counted for itself."""

    key: Expression = Field(
        description="What is counted, an expression that yields text.", examples=["'hero'", "vars.pick.arm"]
    )
    limit: Annotated[int, Field(ge=1, le=1_000_000)] = Field(description="How many are allowed.")
    within: Duration = Field(description="In how much time, up to now.", examples=["7d"])
    unit: Maybe[Expression] = Field(default=None, description="Who is counted for; by default the profile's key.")


class CapShape(NodeShape):
    """Goes to `then`, and counts one, while the limit is not reached; else to `otherwise`."""

    cap: FrequencyCap = Field(description="The cap.", examples=[{"key": "'hero'", "limit": 3, "within": "7d"}])
    then: Name = Field(description="The node to go to while the limit is not reached.")
    otherwise: Name = Field(description="The node to go to once it is.")
    description: str = Field(default="", description="What is protected.")
