"""The node kind `table`."""

from __future__ import annotations

from ..kind import NodeKind
from .node import TableInput, TableNode, TableRow
from .run import write_table

TABLE = NodeKind(
    node=TableNode,
    parts=(TableInput, TableRow),
    write=write_table,
    traced=("row", "rows"),
)
