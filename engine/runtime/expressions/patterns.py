"""Patterns of `=~`: those of the operator `matches`, read once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache


@lru_cache(maxsize=4_096)
def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a whole text has the pattern. The pattern was checked when compiling."""
    from ...operators.analysis import parse

    matches: Callable[[str], bool] = parse(pattern).matches
    return matches
