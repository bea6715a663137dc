"""`Ruleset`: a named rule graph."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from functools import cache
from types import GenericAlias
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, create_model

from ...nodes.documents import node_union
from ...nodes.kind import NodeKinds
from ...nodes.kinds import NODE_KINDS
from ...nodes.shape import NodeShape
from ...shapes.base import FieldShape, Maybe, ShapeProblem, inside
from ...shapes.forms import Name
from .envelope import Envelope

if TYPE_CHECKING:
    Node: TypeAlias = NodeShape
else:
    Node = node_union(NODE_KINDS)


class RulesetDocument(Envelope):
    """Nodes by name; evaluation begins at `start` and follows names to a decision."""

    kind_name: ClassVar[str] = "Ruleset"

    kind: Literal["Ruleset"] = Field(description="`Ruleset`.")
    context: dict[Name, FieldShape] = Field(
        default_factory=dict,
        description="What a request says in addition to the customer.",
        examples=[{"channel": {"type": "keyword", "values": ["web", "app", "email"]}}],
    )
    event: Maybe[Name] = Field(default=None, description="The event type a decision may be about, read as `event`.")
    output: dict[Name, FieldShape] = Field(
        min_length=1, description="The shape of the decision.", examples=[{"content": {"type": "keyword"}}]
    )
    start: Name = Field(description="The node where evaluation begins.")
    nodes: dict[Name, Node] = Field(min_length=1, description="Every node by its name.")

    def problems(self) -> Iterator[ShapeProblem]:
        """Those of the declared shapes and of the nodes."""
        yield from inside(self.context, "context")
        yield from inside(self.output, "output")
        yield from inside(self.nodes, "nodes")


@cache
def ruleset_document(nodes: NodeKinds) -> type[RulesetDocument]:
    """The model of a ruleset whose nodes are of some kinds."""
    if nodes is NODE_KINDS:
        return RulesetDocument
    node: Any = node_union(nodes)
    nodes_by_name: Any = GenericAlias(dict, (Name, node))
    return create_model(
        RulesetDocument.__name__,
        __base__=RulesetDocument,
        __doc__=RulesetDocument.__doc__,
        nodes=(nodes_by_name, copy(RulesetDocument.model_fields["nodes"])),
    )
