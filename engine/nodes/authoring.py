"""What only authors need of a kind of node: how it is written, what it means, and how it is described.

Each folder has it in a function of its record, which imports what it names when it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from ..ir.frozen import Frozen, frozen
from ..ir.graph import Experiments, GraphNode

if TYPE_CHECKING:
    from .lowering import Lowered, Lowering
    from .shape import NodeShape
    from .telling import DrawnWay, Grid, Listed, Look, Steps

Node = TypeVar("Node", bound=GraphNode)
Entry: TypeAlias = Mapping[str, Any]
"""What a trace tells of one node."""


def _no_grid(_node: GraphNode) -> None:
    return None


def _one_outcome(_node: GraphNode) -> Iterable[str]:
    return ()


def _none_seen(_entry: Entry) -> Iterable[str]:
    return ()


def _outcome(entry: Entry) -> str:
    return str(entry["outcome"])


@frozen
class Authoring(Frozen, Generic[Node]):
    """How authors meet one kind of node.

    `lower` gives the meaning of a `shape`, with findings. `look`, `box_lines`, `grid` and `arrows` are its picture,
    `steps` its lines in words. `outcomes` are what tests may cover, none where there is only one; `outcomes_seen` are
    those that an entry of a trace tells of, and `outcome_text` says the entry in words. `listed` are members
    whose parts a plan compares one by one.
    """

    shape: type[NodeShape]
    lower: Callable[[Any, Lowering], Lowered]
    look: Look
    box_lines: Callable[[Node], Iterable[str]]
    arrows: Callable[[Node, Experiments], Iterable[DrawnWay]]
    steps: Callable[[Node, Steps, Experiments], Iterable[str]]
    grid: Callable[[Node], Grid | None] = _no_grid
    outcomes: Callable[[Node], Iterable[str]] = _one_outcome
    outcomes_seen: Callable[[Entry], Iterable[str]] = _none_seen
    outcome_text: Callable[[Entry], str] = _outcome
    listed: tuple[Listed, ...] = ()
