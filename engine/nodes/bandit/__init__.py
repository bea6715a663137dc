"""The node kind `bandit`."""

from __future__ import annotations

from ..authoring import Authoring
from ..kind import NodeKind, always
from .node import BanditArm, BanditNode
from .run import write_bandit


def _authoring() -> Authoring[BanditNode]:
    from . import telling
    from .document import BanditShape
    from .lower import lower_bandit

    return Authoring(
        shape=BanditShape,
        lower=lower_bandit,
        look=telling.LOOK,
        box_lines=telling.box_lines,
        arrows=telling.arrows,
        steps=telling.steps,
        outcomes=telling.outcomes,
        outcomes_seen=telling.outcomes_seen,
        outcome_text=telling.outcome_text,
    )


BANDIT = NodeKind(
    node=BanditNode,
    parts=(BanditArm,),
    write=write_bandit,
    traced=("status", "version", "choice"),
    asks=always,
    logs=True,
    authoring=_authoring,
)
