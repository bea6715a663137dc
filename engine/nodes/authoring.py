"""What only authors need of a kind of node: how it is written and what that means.

Each folder has it in a function of its record, which imports what it names when it is called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..ir.graph import GraphNode

if TYPE_CHECKING:
    from .lowering import Lowered, Lowering
    from .shape import NodeShape

Node = TypeVar("Node", bound=GraphNode)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authoring(Generic[Node]):
    """How authors meet one kind of node. `lower` gives the meaning of a `shape`, with findings."""

    shape: type[NodeShape]
    lower: Callable[[Any, Lowering], Lowered]
