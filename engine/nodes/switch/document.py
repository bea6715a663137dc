"""What authors write for a `switch`."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from ...shapes.base import Shape, Some
from ...shapes.forms import Expression, Name
from ..shape import NodeShape, Way


class SwitchCase(Shape):
    """One way out: an expression, and the node to go to when it holds."""

    when: Expression = Field(
        description="An expression that is true or false.",
        examples=["in_segment('vips')", "context.channel == 'email'"],
    )
    then: Name = Field(description="The node to go to.")
    description: str = Field(default="", description="Why, in a sentence.")


class SwitchShape(NodeShape):
    """The first case whose `when` holds says where to go, else `otherwise`."""

    switch: Some[SwitchCase] = Field(description="The cases, tried from the first on.")
    otherwise: Name = Field(description="The node to go to when no case holds.")
    description: str = Field(default="", description="What is decided here.")

    def ways(self) -> Iterator[Way]:
        """The node of each case, then `otherwise`."""
        yield from ((case.then, ("switch", index, "then")) for index, case in enumerate(self.switch))
        yield from super().ways()
