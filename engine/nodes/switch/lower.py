"""A switch's meaning: cases with typed conditions."""

from __future__ import annotations

from ...ir.expression import BOOLEAN
from ..lowering import Lowered, Lowering
from .check import check_switch
from .document import SwitchShape
from .node import SwitchCase, SwitchNode


def lower_switch(shape: SwitchShape, lowering: Lowering) -> Lowered:
    """The switch, cases that cannot be reached reported."""
    cases = []
    for index, case in enumerate(shape.switch):
        when = lowering.expression(case.when, ("switch", index, "when"), BOOLEAN)
        if when is not None:
            cases.append(SwitchCase(when, case.then, case.when))
    if len(cases) < len(shape.switch):
        return Lowered(None)
    node = SwitchNode(lowering.name, tuple(cases), shape.otherwise)
    check_switch(node, lowering)
    return Lowered(node)
