"""The kinds of nodes that decisor has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .kind import NodeKind, NodeKinds


def _kinds() -> Iterable[NodeKind[Any]]:
    """Every kind, in the order in which people meet them."""
    from .bandit import BANDIT
    from .cap import CAP
    from .experiment import EXPERIMENT
    from .features import FEATURES
    from .model import MODEL
    from .output import OUTPUT
    from .ruleset import RULESET
    from .set import SET
    from .switch import SWITCH
    from .table import TABLE

    return (SWITCH, TABLE, SET, FEATURES, MODEL, EXPERIMENT, BANDIT, RULESET, CAP, OUTPUT)


NODE_KINDS = NodeKinds(_kinds)
