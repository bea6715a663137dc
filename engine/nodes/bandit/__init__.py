"""The node kind `bandit`."""

from __future__ import annotations

from ..authoring import Authoring
from ..kind import NodeKind, always
from .node import BanditArm, BanditNode
from .run import write_bandit


def _authoring() -> Authoring[BanditNode]:
    from .document import BanditShape
    from .lower import lower_bandit

    return Authoring(shape=BanditShape, lower=lower_bandit)


BANDIT = NodeKind(
    node=BanditNode,
    parts=(BanditArm,),
    write=write_bandit,
    traced=("status", "version", "choice"),
    asks=always,
    logs=True,
    authoring=_authoring,
)
