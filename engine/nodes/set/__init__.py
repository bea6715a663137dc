"""The node kind `set`."""

from __future__ import annotations

from ..authoring import Authoring
from ..kind import NodeKind
from .node import SetNode
from .run import write_set


def _authoring() -> Authoring[SetNode]:
    from .document import SetShape
    from .lower import lower_set

    return Authoring(shape=SetShape, lower=lower_set)


SET = NodeKind(
    node=SetNode,
    write=write_set,
    traced=(),
    authoring=_authoring,
)
