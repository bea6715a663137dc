"""The node kind `ruleset`."""

from __future__ import annotations

from ..kind import NodeKind
from .node import RulesetNode
from .run import write_ruleset

RULESET = NodeKind(
    node=RulesetNode,
    write=write_ruleset,
    traced=("trace",),
)
