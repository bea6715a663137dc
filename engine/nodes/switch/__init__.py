"""The node kind `switch`."""

from __future__ import annotations

from ..kind import NodeKind
from .node import SwitchCase, SwitchNode
from .run import write_switch

SWITCH = NodeKind(
    node=SwitchNode,
    parts=(SwitchCase,),
    write=write_switch,
    traced=("case", "when"),
)
