"""What authors write for an `output`."""

from __future__ import annotations

from pydantic import Field

from ...shapes.forms import ExpressionOrConstant, Name
from ..shape import NodeShape


class OutputShape(NodeShape):
    """The decision: an expression for each output."""

    output: dict[Name, ExpressionOrConstant] = Field(
        min_length=1,
        description="An expression for each output of the ruleset; text constants are quoted twice.",
        examples=[{"content": "vars.pick.arm", "reason": "'vip'"}],
    )
    description: str = Field(default="", description="Why this is the answer.")
