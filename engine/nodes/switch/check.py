"""Cases of a switch that are never reached."""

from __future__ import annotations

from ...ir.expression import Compare, Expression, Logic, Value
from ..lowering import Lowering
from .node import SwitchNode

COMPARED = 200  # cases held against each other; a longer switch is looked at only so far
CONSTANTS = ("false", "null")
_LOWER = (">", ">=")
_UPPER = ("<", "<=")


def check_switch(node: SwitchNode, lowering: Lowering) -> None:
    """Report each case that an earlier one leaves nothing for, with the earlier one."""
    for index, case in enumerate(node.cases[:COMPARED]):
        if isinstance(case.when, Value) and case.when.value is not True:
            if case.text in CONSTANTS:  # of any other text that is always false, a finding tells already
                message = f"`{case.text}` never holds, so this case is never reached"
                lowering.add("G006", ("switch", index, "when"), message)
            continue
        taken = next((i for i, other in enumerate(node.cases[:index]) if implies(case.when, other.when)), None)
        if taken is not None:
            same = case.when == node.cases[taken].when
            why = "asks the same" if same else f"`{node.cases[taken].text}` holds whenever this does"
            lowering.add(
                "G006",
                ("switch", index, "when"),
                f"`{case.text}` is never reached: case {taken + 1} {why}",
                help=("delete it, or put the narrower case first",),
            )


def implies(narrow: Expression, wide: Expression) -> bool:
    """Whether the second surely holds where the first does; sound, not complete."""
    if narrow == wide or (isinstance(wide, Value) and wide.value is True):
        return True
    if isinstance(wide, Logic) and wide.op == "or" and any(implies(narrow, item) for item in wide.items):
        return True
    if isinstance(wide, Logic) and wide.op == "and":
        return all(implies(narrow, item) for item in wide.items)
    if isinstance(narrow, Logic):
        verdicts = (implies(item, wide) for item in narrow.items)
        return any(verdicts) if narrow.op == "and" else all(verdicts)
    return isinstance(narrow, Compare) and isinstance(wide, Compare) and _within(narrow, wide)


def _within(narrow: Compare, wide: Compare) -> bool:
    """Whether one comparison of an expression with a constant lies within another one's range."""
    if narrow.left != wide.left or not isinstance(narrow.right, Value) or not isinstance(wide.right, Value):
        return False
    inner, outer = narrow.right.value, wide.right.value
    if inner is None or outer is None or type(inner) is not type(outer) or isinstance(inner, bool):
        return False
    if wide.op in _LOWER and narrow.op in (*_LOWER, "=="):
        return bool(inner > outer or (inner == outer and (wide.op == ">=" or narrow.op == ">")))  # type: ignore[operator] # of one type
    if wide.op in _UPPER and narrow.op in (*_UPPER, "=="):
        return bool(inner < outer or (inner == outer and (wide.op == "<=" or narrow.op == "<")))  # type: ignore[operator] # as above
    return False
