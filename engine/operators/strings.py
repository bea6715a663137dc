"""Strings as they are stored and compared: one normal form, the same with every version of Python."""

from __future__ import annotations

import unicodedata
from typing import Final, Literal

from .assigned import RUNS
from .code_points import CodePointTable

Reason = Literal["nul", "surrogate", "unassigned"]
_REASONS: Final[dict[str, Reason]] = {"N": "nul", "S": "surrogate", "U": "unassigned"}
_SAID: Final[dict[Reason, str]] = {
    "nul": "U+0000",
    "surrogate": "half of a surrogate pair",
    "unassigned": "not assigned in Unicode 14.0",
}

# Translates to nothing what may be stored, and to its letter what may not.
_REFUSED: Final = CodePointTable(RUNS, {"A": None, "N": "N", "S": "S", "U": "U"})


class StringRefusedError(ValueError):
    """A string that cannot be stored; `position` is the offset of its first bad code point."""

    def __init__(self, reason: Reason, position: int, code_point: int) -> None:
        self.reason: Reason = reason
        self.position = position
        shown = _SAID[reason] if reason == "nul" else f"U+{code_point:04X} ({_SAID[reason]})"
        super().__init__(f"{shown} at character {position + 1}")


def normalize_keyword(value: str, lowercase: bool) -> str:  # noqa: FBT001 - the one switch there is, a field's own word
    """The canonical form: NFC, and with `lowercase` by code point (İ→i, Σ→σ). Raises StringRefusedError.

    Normalising twice changes nothing. NFC never changes for code points once assigned, and only those of Unicode 14.0
    pass, so every Python gives the same answer.
    """
    if value.isascii() and "\0" not in value:
        return value.lower() if lowercase else value
    check_storable(value)
    text = unicodedata.normalize("NFC", value)
    # H̱ has no composed form and ẖ has, so lower-casing may leave something to compose.
    return unicodedata.normalize("NFC", lower(text)) if lowercase else text


def check_storable(value: str) -> None:
    """Nothing for a string without U+0000, lone surrogates and unassigned code points. Raises StringRefusedError."""
    if not value.translate(_REFUSED):
        return
    for position, character in enumerate(value):
        kind = character.translate(_REFUSED)
        if kind:
            raise StringRefusedError(_REASONS[kind], position, ord(character))


def lower(text: str) -> str:
    """Lower case code point by code point, as Java's `Character.toLowerCase`; as long as before.

    Python's own `lower` differs in two letters: it looks at the neighbours of Σ and makes two code points of İ.
    """
    if text.isascii():
        return text.lower()
    return text.replace("Σ", "σ").replace("İ", "i").lower()
