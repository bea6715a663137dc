"""Words of text and regular expressions, loaded when the first one is met."""

from __future__ import annotations

from typing import Any


def tokens(text: str) -> list[str]:
    """The tokens of a text."""
    from . import text as words

    return list(words.tokens(text))


def token_set(text: str) -> frozenset[str]:
    """The distinct tokens of a text."""
    from . import text as words

    return frozenset(words.token_set(text))


def contains_phrase(text: str, phrase: str) -> bool:
    """Whether the phrase's tokens stand in a row in the text."""
    from . import text as words

    return bool(words.contains_phrase(text, phrase))


class PatternRefusedError(ValueError):
    """The pattern is outside the grammar."""


def parse(pattern: str) -> Any:
    """The parsed pattern."""
    from . import patterns

    return patterns.parse(pattern)
