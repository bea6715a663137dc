"""What authors write for a `set`."""

from __future__ import annotations

from pydantic import Field

from ...shapes.forms import ExpressionOrConstant, Name
from ..shape import NodeShape


class SetShape(NodeShape):
    """Names for expressions, below `vars` from here on; a later one may use an earlier one."""

    set: dict[Name, ExpressionOrConstant] = Field(
        min_length=1,
        description="A name for each expression; a number, true or false stands for itself.",
        examples=[{"basket": "profile.spend / profile.orders"}],
    )
    then: Name = Field(description="The node to go to.")
    description: str = Field(default="", description="What the names are for.")
