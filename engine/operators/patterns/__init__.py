"""Patterns over whole values, read alike by Lucene, by RE2 and by our own automaton.

`parse` reads the regular expressions of `matches`, `parse_like` the shapes of `like`. Both give a `Pattern`, whose
`matches` takes time in proportion to the value's length, whatever the pattern.
"""

from __future__ import annotations

from .grammar import MAX_LENGTH, MAX_REPEAT, PatternRefusedError
from .pattern import Pattern, parse, parse_like
from .render import escape_wildcard

__all__ = [
    "MAX_LENGTH",
    "MAX_REPEAT",
    "Pattern",
    "PatternRefusedError",
    "escape_wildcard",
    "parse",
    "parse_like",
]
