"""The node kind `table`."""

from __future__ import annotations

from ..authoring import Authoring
from ..kind import NodeKind
from .node import TableInput, TableNode, TableRow
from .run import write_table


def _authoring() -> Authoring[TableNode]:
    from .document import TableShape
    from .lower import lower_table

    return Authoring(shape=TableShape, lower=lower_table)


TABLE = NodeKind(
    node=TableNode,
    parts=(TableInput, TableRow),
    write=write_table,
    traced=("row", "rows"),
    authoring=_authoring,
)
