"""The node kind `set`."""

from __future__ import annotations

from ..kind import NodeKind
from .node import SetNode
from .run import write_set

SET = NodeKind(
    node=SetNode,
    write=write_set,
    traced=(),
)
