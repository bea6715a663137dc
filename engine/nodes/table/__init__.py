"""The node kind `table`."""

from __future__ import annotations

from ..authoring import Authoring
from ..kind import NodeKind
from ..writing import Writer
from .node import TableInput, TableNode, TableRow


def _write(node: TableNode, writer: Writer) -> None:
    """Load what tables become with the first table, as it is more than all other kinds together."""
    from .run import write_table

    write_table(node, writer)


def _authoring() -> Authoring[TableNode]:
    from . import telling
    from .document import TableShape
    from .lower import lower_table

    return Authoring(
        shape=TableShape,
        lower=lower_table,
        look=telling.LOOK,
        box_lines=telling.box_lines,
        grid=telling.grid,
        arrows=telling.arrows,
        steps=telling.steps,
        outcomes=telling.outcomes,
        outcomes_seen=telling.outcomes_seen,
        listed=(telling.ROWS,),
    )


TABLE = NodeKind(
    node=TableNode,
    parts=(TableInput, TableRow),
    write=_write,
    traced=("row", "rows"),
    authoring=_authoring,
)
