"""The node kind `set`."""

from __future__ import annotations

from ..authoring import Authoring
from ..kind import NodeKind
from .node import SetNode
from .run import write_set


def _authoring() -> Authoring[SetNode]:
    from . import telling
    from .document import SetShape
    from .lower import lower_set

    return Authoring(
        shape=SetShape,
        lower=lower_set,
        look=telling.LOOK,
        box_lines=telling.box_lines,
        arrows=telling.arrows,
        steps=telling.steps,
    )


SET = NodeKind(
    node=SetNode,
    write=write_set,
    traced=(),
    authoring=_authoring,
)
