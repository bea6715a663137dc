"""`Ruleset`: a named rule graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from ...nodes.documents import NodeShape
from ...shapes.base import FieldShape, Maybe, Problem, inside
from ...shapes.forms import Name
from .envelope import Envelope


class RulesetDocument(Envelope):
    """Nodes by name; evaluation begins at `start` and follows names to a decision."""

    kind_name: ClassVar[str] = "Ruleset"

    kind: Literal["Ruleset"] = Field(description="`Ruleset`.")
    context: dict[Name, FieldShape] = Field(
        default_factory=dict,
        description="What a request says beside the customer.",
        examples=[{"channel": {"type": "keyword", "values": ["web", "app", "email"]}}],
    )
    event: Maybe[Name] = Field(default=None, description="The event type a decision may be about, read as `event`.")
    output: dict[Name, FieldShape] = Field(
        min_length=1, description="The shape of the decision.", examples=[{"content": {"type": "keyword"}}]
    )
    start: Name = Field(description="The node where evaluation begins.")
    nodes: dict[Name, NodeShape] = Field(min_length=1, description="Every node by its name.")

    def problems(self) -> Iterator[Problem]:
        """Those of the declared shapes and of the nodes."""
        yield from inside(self.context, "context")
        yield from inside(self.output, "output")
        yield from inside(self.nodes, "nodes")
