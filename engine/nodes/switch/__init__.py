"""The node kind `switch`."""

from __future__ import annotations

from ..authoring import Authoring
from ..kind import NodeKind
from .node import SwitchCase, SwitchNode
from .run import write_switch


def _authoring() -> Authoring[SwitchNode]:
    from . import telling
    from .document import SwitchShape
    from .lower import lower_switch

    return Authoring(
        shape=SwitchShape,
        lower=lower_switch,
        look=telling.LOOK,
        box_lines=telling.box_lines,
        arrows=telling.arrows,
        steps=telling.steps,
        outcomes=telling.outcomes,
        outcomes_seen=telling.outcomes_seen,
        outcome_text=telling.outcome_text,
        listed=(telling.CASES,),
    )


SWITCH = NodeKind(
    node=SwitchNode,
    parts=(SwitchCase,),
    write=write_switch,
    traced=("case", "when"),
    authoring=_authoring,
)
