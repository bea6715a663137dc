"""Words of text and regular expressions, loaded when the first one is met."""

from __future__ import annotations

from typing import Any


class PatternRefusedError(ValueError):
    """The pattern is outside the grammar."""


def parse(pattern: str) -> Any:
    """The parsed pattern."""
    from . import patterns

    return patterns.parse(pattern)
