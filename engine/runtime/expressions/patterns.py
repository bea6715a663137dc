"""Patterns of `=~`: those of the operator `matches`, read once."""

from __future__ import annotations

from collections.abc import Callable


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a whole text has the pattern. The pattern was checked when compiling; its reader is loaded here."""
    from ...operators.patterns import parse

    return parse(pattern).matches
