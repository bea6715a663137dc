"""A decision told in words, from its trace."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..runtime.trace import values_of


def told(decision: Mapping[str, Any], key: str) -> Iterator[str]:
    """A sentence for the customer and the outcome, then one for each node that was passed."""
    output = ", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in decision["output"].items())
    yield f"Customer {decision[key]} gets {output}:"
    segments = decision["segments"]
    if segments:
        inside = [name for name, held in segments.items() if held]
        outside = [name for name, held in segments.items() if not held]
        yield f"  is in {_list(inside)}{f'; not in {_list(outside)}' if outside else ''}"
    for step in decision["trace"]:
        yield f"  {step['node']}: {_step(step)}"


def _list(names: list[str]) -> str:
    return ", ".join(names) or "none of the segments asked for"


def _step(step: Mapping[str, Any]) -> str:
    kind = step["kind"]
    seen = ", ".join(
        f"{name} is {'missing' if value is None else json.dumps(value, ensure_ascii=False)}"
        for name, value in values_of(step).items()
    )
    because = f" ({seen})" if seen else ""
    if kind == "switch":
        if not step["case"]:
            return f"no case holds, so {step['outcome']}"
        return f"`{step['when']}` holds, so {step['outcome']}"
    if kind == "table":
        return f"{step['outcome']}{because}"
    if kind == "experiment":
        return f"arm {step['outcome']} ({step['reason']})"
    return f"{step['outcome']}{because}"
