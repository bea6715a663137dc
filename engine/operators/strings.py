"""Strings as they are stored and compared: one normal form, the same with every version of Python."""

from __future__ import annotations

from typing import Final, Literal

from .assigned import RUNS
from .code_points import CodePointTable
from .pinned_unicode import is_usual, lower, nfc

Reason = Literal["nul", "surrogate", "noncharacter"]
_REASONS: Final[dict[str, Reason]] = {"N": "nul", "S": "surrogate", "X": "noncharacter"}
_SAID: Final[dict[Reason, str]] = {
    "nul": "U+0000",
    "surrogate": "half of a surrogate pair",
    "noncharacter": "a noncharacter, which no text may hold",
}

# Translates to nothing what may be stored, and to its letter what may not.
_REFUSED: Final = CodePointTable(RUNS, {"A": None, "U": None, "N": "N", "S": "S", "X": "X"})


class StringRefusedError(ValueError):
    """A string that cannot be stored; `position` is the offset of its first bad code point."""

    def __init__(self, reason: Reason, position: int, code_point: int) -> None:
        self.reason: Reason = reason
        self.position = position
        shown = _SAID[reason] if reason == "nul" else f"U+{code_point:04X} ({_SAID[reason]})"
        super().__init__(f"{shown} at character {position + 1}")


def normalize_keyword(value: str, lowercase: bool) -> str:  # noqa: FBT001 - the one switch there is, a field's own word
    """The canonical form: NFC, and with `lowercase` by code point (İ→i, Σ→σ). Raises StringRefusedError.

    Normalising twice changes nothing, and every Python gives the same answer: see `pinned_unicode`.
    """
    if value.isascii() and "\0" not in value:
        return value.lower() if lowercase else value
    check_storable(value)
    text = nfc(value)
    # H̱ has no composed form and ẖ has, so lower-casing may leave something to compose.
    return nfc(lower(text)) if lowercase else text


def check_storable(value: str) -> None:
    """Nothing for a string without U+0000, lone surrogates and noncharacters. Raises StringRefusedError."""
    if is_usual(value) or not value.translate(_REFUSED):
        return
    for position, character in enumerate(value):
        kind = character.translate(_REFUSED)
        if kind:
            raise StringRefusedError(_REASONS[kind], position, ord(character))
