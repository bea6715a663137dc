"""Describes a decision in words, from its trace."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..runtime.decision import Decision
from ..runtime.trace import values_of
from ..testing.explanation import outcome_text


def decision_text(decision: Decision) -> Iterator[str]:
    """A sentence for the customer and the outcome, then one for each node on the path."""
    output = ", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in decision.output.items())
    yield f"Customer {decision.customer} gets {output}:"
    segments = decision.segments
    if segments:
        inside = [name for name, held in segments.items() if held]
        outside = [name for name, held in segments.items() if not held]
        yield f"  is in {_list(inside)}{f'; not in {_list(outside)}' if outside else ''}"
    for step in decision.trace:
        yield f"  {step['node']}: {_step(step)}"


def _list(names: list[str]) -> str:
    return ", ".join(names) or "none of the segments that were checked"


def _step(step: Mapping[str, Any]) -> str:
    seen = ", ".join(
        f"{name} is {'missing' if value is None else json.dumps(value, ensure_ascii=False)}"
        for name, value in values_of(step).items()
    )
    return f"{outcome_text(step)}{f' ({seen})' if seen else ''}"
