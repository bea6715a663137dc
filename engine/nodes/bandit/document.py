"""What authors write for a `bandit` node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from ...shapes.base import Maybe, ShapeProblem, exactly_one
from ...shapes.forms import Expression, ExpressionOrConstant, Name
from ..shape import NodeShape


class BanditShape(NodeShape):
    """Picks an arm, binds `{arm, probability}` and goes to `then`, or where the arm says."""

    rules: ClassVar[Mapping[str, Any]] = exactly_one("then", "arms")

    bandit: Name = Field(description="The bandit's name.")
    inputs: dict[Name, ExpressionOrConstant] = Field(
        default_factory=dict, description="An expression for each context feature that the bandit does not say itself."
    )
    unit: Maybe[Expression] = Field(
        default=None, description="Who is picked for; by default the profile's key or `context.<unit>`."
    )
    bind: Maybe[Name] = Field(default=None, alias="as", description="The name below `vars` that the pick gets.")
    then: Maybe[Name] = Field(default=None, description="The node to go to, whatever the arm.")
    arms: Maybe[dict[Name, Name]] = Field(default=None, min_length=1, description="The node to go to for each arm.")
    otherwise: Maybe[Name] = Field(
        default=None, description="The node to go to, instead of the fallback arm, when no arm can be picked."
    )
    description: str = Field(default="", description="What is learnt here.")

    def problems(self) -> Iterator[ShapeProblem]:
        """Exactly one of `then` and `arms`."""
        if self.then is None and self.arms is None:
            yield ShapeProblem(
                "S011", (), "`then` is missing: a bandit goes on to a node, or with `arms` to one for each arm"
            )
        if self.then is not None and self.arms is not None:
            yield ShapeProblem("S016", ("arms",), "`arms` and `then` exclude each other; one of them says where to go")
