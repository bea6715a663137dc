"""The node kind `bandit`."""

from __future__ import annotations

from ..kind import NodeKind, always
from .node import BanditArm, BanditNode
from .run import write_bandit

BANDIT = NodeKind(
    node=BanditNode,
    parts=(BanditArm,),
    write=write_bandit,
    traced=("status", "version", "choice"),
    asks=always,
    logs=True,
)
