"""NFC and letter case as Unicode 14.0 has them, whatever version the interpreter's own data have.

A code point that Unicode 14.0 has not assigned stands for itself: nothing composes with it, and it has no case, also
where a newer interpreter knows better. Between such code points the interpreter's own algorithm serves, as no version
changes the NFC of what was assigned before it (Unicode's stability policy).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from itertools import groupby
from typing import Final

from .assigned import RUNS
from .code_points import REMEMBERED, CodePointTable, stretches

_BEYOND: Final = r"\U00010000-\U0010ffff"
_UNKNOWN: Final = CodePointTable(RUNS, {"A": None, "N": None, "S": None, "X": "X", "U": "U"})


@cache
def _unusual() -> re.Pattern[str]:
    """Finds what is not assigned in the first plane, and everything beyond it: one bitmap, where a table looks up."""
    others = [rf"\U{start:08x}-\U{end - 1:08x}" for start, end, kind in stretches(RUNS) if kind != "A"]
    first_plane = [each for each in others if each < r"\U00010000"]
    return re.compile(f"[{''.join(first_plane)}{_BEYOND}]")


def is_usual(text: str) -> bool:
    """Whether each code point is in the first plane and assigned there; quick, and true of most texts."""
    return (text.isascii() and "\0" not in text) or _unusual().search(text) is None


def is_known(text: str) -> bool:
    """Whether Unicode 14.0 has assigned each code point."""
    return is_usual(text) or not text.translate(_UNKNOWN)


def nfc(text: str) -> str:
    """The text in NFC; doing it twice changes nothing."""
    if text.isascii():
        return text
    if is_known(text):
        return unicodedata.normalize("NFC", text)
    stretches_of_text = groupby(text, key=lambda character: _UNKNOWN[ord(character)] is None)
    return "".join(
        unicodedata.normalize("NFC", "".join(characters)) if known else "".join(characters)
        for known, characters in stretches_of_text
    )


class _Case(dict[int, str]):
    """What `str.translate` puts in place of each code point, where it and what comes of it are known."""

    def __init__(self, change: Callable[[str], str]) -> None:
        super().__init__()
        self._change = change

    def __missing__(self, code_point: int) -> str:
        value = character = chr(code_point)
        if _UNKNOWN[code_point] is None:
            changed = self._change(character)
            value = character if changed == character or changed.translate(_UNKNOWN) else changed
        if len(self) < REMEMBERED:
            self[code_point] = value
        return value


_LOWER: Final = _Case(lambda character: "i" if character == "İ" else character.lower())
_UPPER: Final = _Case(str.upper)


def lower(text: str) -> str:
    """Lower case code point by code point, as Java's `Character.toLowerCase`; as long as before.

    Python's own `lower` differs in two letters: it looks at the neighbours of Σ and makes two code points of İ.
    """
    if text.isascii():
        return text.lower()
    return text.replace("Σ", "σ").replace("İ", "i").lower() if is_usual(text) else text.translate(_LOWER)


def upper(text: str) -> str:
    """Upper case as Unicode has it; `ß` becomes `SS`."""
    return text.upper() if text.isascii() else text.translate(_UPPER)
