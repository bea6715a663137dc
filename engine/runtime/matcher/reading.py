"""How generated source reaches the values of a profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..codegen.source import Source

FALLS_BACK = "(KeyError, TypeError, AttributeError)"  # what the fast form raises for a missing or odd value


def new_source() -> Source:
    """Globals for functions that read profiles."""
    return Source({"at": at})


def direct(path: str) -> str:
    """Source of the value at a dotted path, raising where something is missing."""
    return "p" + "".join(f"[{step!r}]" for step in path.split("."))


def missing_aware(path: str) -> str:
    """Source of the value at a dotted path, None where it is missing."""
    if "." not in path:
        return f"p.get({path!r})"
    return f"at(p, {tuple(path.split('.'))!r})"


def at(data: Any, steps: tuple[str, ...]) -> Any:
    """The value at the path, or None."""
    for step in steps:
        if not isinstance(data, Mapping):
            return None
        data = data.get(step)
    return data
