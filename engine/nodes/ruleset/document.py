"""What authors write for a `ruleset` node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from ...shapes.base import Maybe, ShapeProblem
from ...shapes.forms import ExpressionOrConstant, Name
from ..shape import NodeShape, Way


class RulesetShape(NodeShape):
    """Calls another ruleset; without `then` its output is the decision, with it the output is bound as `as`."""

    rules: ClassVar[Mapping[str, Any]] = {"dependencies": {"as": ["then"], "then": ["as"]}}

    ruleset: Name = Field(description="The ruleset to call.")
    context: dict[Name, ExpressionOrConstant] = Field(
        default_factory=dict, description="Its context; what is not said here is taken from this ruleset's context."
    )
    bind: Maybe[Name] = Field(default=None, alias="as", description="The name below `vars` that its output gets.")
    then: Maybe[Name] = Field(default=None, description="The node to go to; without it the output is the decision.")
    description: str = Field(default="", description="What it is called for.")

    def calls(self) -> Iterator[Way]:
        """The other ruleset."""
        yield self.ruleset, ("ruleset",)

    def problems(self) -> Iterator[ShapeProblem]:
        """`as` and `then` come together."""
        if self.bind is not None and self.then is None:
            yield ShapeProblem("S011", (), "`then` is missing: with `as`, the output is for a node that comes after")
        if self.bind is None and self.then is not None:
            yield ShapeProblem("S011", (), "`as` is missing: with `then`, the output needs a name below `vars`")
