"""One type for every node an author can write, told apart by the key that names its kind."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Tag

from ..shapes.choice import by_key
from .kind import NodeKinds


def node_union(kinds: NodeKinds) -> Any:
    """The type of a node of one of the kinds."""
    members: list[Any] = [Annotated[kind.authoring().shape, Tag(f"<{kind.word}>")] for kind in kinds]
    tags = {kind.word: f"<{kind.word}>" for kind in kinds}
    choice = by_key("Node", tags, "a node, as {output: {…}} or {switch: […], otherwise: …}")
    return Annotated[reduce(or_, members), choice]
