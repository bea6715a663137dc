"""The node kind `cap`."""

from __future__ import annotations

from ..authoring import Authoring
from ..kind import NodeKind, always
from .node import CapNode
from .run import cap_look_ups, write_cap


def _authoring() -> Authoring[CapNode]:
    from . import telling
    from .document import CapShape
    from .lower import lower_cap

    return Authoring(
        shape=CapShape,
        lower=lower_cap,
        look=telling.LOOK,
        box_lines=telling.box_lines,
        arrows=telling.arrows,
        steps=telling.steps,
        outcomes=telling.outcomes,
        outcomes_seen=telling.outcomes_seen,
        outcome_text=telling.outcome_text,
    )


CAP = NodeKind(
    node=CapNode,
    write=write_cap,
    traced=("count", "limit", "status"),
    asks=always,
    logs=True,
    look_ups=cap_look_ups,
    authoring=_authoring,
)
