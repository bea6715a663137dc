"""The node kind `output`."""

from __future__ import annotations

from ..authoring import Authoring
from ..kind import NodeKind
from .node import OutputNode
from .run import write_output


def _authoring() -> Authoring[OutputNode]:
    from . import telling
    from .document import OutputShape
    from .lower import lower_output

    return Authoring(
        shape=OutputShape,
        lower=lower_output,
        look=telling.LOOK,
        box_lines=telling.box_lines,
        arrows=telling.arrows,
        steps=telling.steps,
    )


OUTPUT = NodeKind(
    node=OutputNode,
    write=write_output,
    traced=(),
    authoring=_authoring,
)
