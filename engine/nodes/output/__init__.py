"""The node kind `output`."""

from __future__ import annotations

from ..kind import NodeKind
from .node import OutputNode
from .run import write_output

OUTPUT = NodeKind(
    node=OutputNode,
    write=write_output,
    traced=(),
)
