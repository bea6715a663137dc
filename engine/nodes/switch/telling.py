"""How a `switch` is described."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...ir.graph import Experiments
from ...operators.phrases import expression_text
from ..telling import DrawnWay, Listed, Look, Steps, last_way
from .node import SwitchCase, SwitchNode

LOOK = Look("chamfered", "#fff4d6", "#b07d00")


def condition(case: SwitchCase) -> str:
    """The condition as it was written."""
    return case.text or expression_text(case.when)


def box_lines(_node: SwitchNode) -> Iterator[str]:
    """Nothing: the arrows say it."""
    yield from ()


def arrows(node: SwitchNode, _experiments: Experiments) -> Iterator[DrawnWay]:
    """A way for each case, numbered where there are several, then `otherwise`."""
    for number, case in enumerate(node.cases, 1):
        yield DrawnWay(case.then, condition(case) if len(node.cases) == 1 else f"{number}. {condition(case)}")
    yield from last_way(node.otherwise, "otherwise")


def steps(node: SwitchNode, around: Steps, _experiments: Experiments) -> Iterator[str]:
    """A line for each case."""
    yield "go by the first that holds"
    yield from (f"{condition(case)} {around.to(case.then)}" for case in node.cases)
    yield f"otherwise {around.to(node.otherwise)}"


def outcomes(node: SwitchNode) -> Iterator[str]:
    """Each case, and that none holds."""
    yield from (f"case {index + 1}" for index in range(len(node.cases)))
    yield "otherwise"


def outcomes_seen(entry: Mapping[str, Any]) -> Iterator[str]:
    """The case that held."""
    yield f"case {entry['case']}" if entry["case"] else "otherwise"


def outcome_text(entry: Mapping[str, Any]) -> str:
    """`in_segment('vips')` holds → gift."""
    outcome = entry["outcome"]
    return f"`{entry['when']}` holds → {outcome}" if entry["case"] else f"no case holds → {outcome}"


def case_text(case: SwitchCase) -> str:
    """The condition and its node."""
    return f"`{condition(case)}` → {case.then}"


CASES = Listed("cases", "case", case_text, key=lambda case: case.when, now=lambda case: case.then)
