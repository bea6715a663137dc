"""How a `cap` is described."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...ir.graph import Experiments
from ...operators.phrases import expression_text
from ...operators.wording import duration
from ..telling import DrawnWay, Look, Steps, last_way
from .node import CapNode

LOOK = Look("chamfered", "#fde8dc", "#c25400")


def box_lines(node: CapNode) -> Iterator[str]:
    """The limit, what it counts and for which customer."""
    yield f"at most {node.limit:,} in {duration(node.within)}"
    yield f"of {expression_text(node.key)} for {expression_text(node.unit)}"


def arrows(node: CapNode, _experiments: Experiments) -> Iterator[DrawnWay]:
    """Below the cap and beyond it."""
    yield DrawnWay(node.then, "below the cap")
    yield from last_way(node.otherwise, "cap reached")


def steps(node: CapNode, around: Steps, _experiments: Experiments) -> Iterator[str]:
    """The limit, then both ways."""
    yield f"at most {node.limit:,} times in {duration(node.within)} for {expression_text(node.unit)}"
    yield f"below that {around.to(node.then)}"
    yield f"from then on {around.to(node.otherwise)}"


def outcomes(_node: CapNode) -> Iterator[str]:
    """Both."""
    yield from ("below", "reached")


def outcomes_seen(entry: Mapping[str, Any]) -> Iterator[str]:
    """The one that a trace tells of."""
    yield entry["outcome"]


def outcome_text(entry: Mapping[str, Any]) -> str:
    """`below (2 of 3)`."""
    return f"{entry['outcome']} ({entry['count']} of {entry['limit']})"
