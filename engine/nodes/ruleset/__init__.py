"""The node kind `ruleset`."""

from __future__ import annotations

from ..authoring import Authoring
from ..kind import NodeKind
from .node import RulesetNode
from .run import write_ruleset


def _authoring() -> Authoring[RulesetNode]:
    from . import telling
    from .document import RulesetShape
    from .lower import lower_ruleset_node

    return Authoring(
        shape=RulesetShape,
        lower=lower_ruleset_node,
        look=telling.LOOK,
        box_lines=telling.box_lines,
        arrows=telling.arrows,
        steps=telling.steps,
    )


RULESET = NodeKind(
    node=RulesetNode,
    write=write_ruleset,
    traced=("trace",),
    authoring=_authoring,
)
