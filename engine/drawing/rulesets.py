"""The picture of a ruleset: a box for each node, an arrow for each way out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..ir.graph import Experiment, GraphNode, Ruleset
from ..nodes.kind import NodeKinds
from ..nodes.kinds import NODE_KINDS
from .picture import Arrow, Box, Picture, join_arrows

LINES_SHOWN = 8


def ruleset_picture(
    ruleset: Ruleset, experiments: Mapping[str, Experiment] | None = None, kinds: NodeKinds = NODE_KINDS
) -> Picture:
    """The picture of a ruleset, its start first; with the experiments, arms show their shares."""
    boxes = tuple(_box(node, kinds) for node in ruleset.nodes)
    arrows = join_arrows(arrow for node in ruleset.nodes for arrow in _arrows(node, experiments or {}, kinds))
    return Picture(ruleset.name, boxes, arrows, ruleset.start, "start")


def _box(node: GraphNode, kinds: NodeKinds) -> Box:
    kind = kinds.of(node).authoring()
    lines = tuple(kind.box_lines(node))
    if len(lines) > LINES_SHOWN:
        lines = (*lines[: LINES_SHOWN - 1], f"… {len(lines) - LINES_SHOWN + 1} more")
    return Box(node.name, node.kind, node.name, kind.look, lines, kind.grid(node))


def _arrows(node: GraphNode, experiments: Mapping[str, Experiment], kinds: NodeKinds) -> Iterator[Arrow]:
    for way in kinds.of(node).authoring().arrows(node, experiments):
        yield Arrow(node.name, way.target, (way.label,) if way.label else (), way.last)
