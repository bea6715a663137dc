"""Whether tokens contain a phrase."""

from __future__ import annotations

from collections.abc import Sequence


def contains_phrase(tokens: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether the phrase's tokens follow one another somewhere in the tokens; never for a phrase without tokens.

    Every token takes one position, also the parts of one that was cut.
    """
    length = len(phrase)
    if not length:
        return False
    first, wanted = phrase[0], list(phrase)
    start = -1
    try:
        while True:
            start = tokens.index(first, start + 1)
            if list(tokens[start : start + length]) == wanted:
                return True
    except ValueError:
        return False
