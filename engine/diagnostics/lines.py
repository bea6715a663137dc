"""Lines of a file as they can be shown: cut to fit, free of what would move the cursor, with known widths."""

from __future__ import annotations

import re
import unicodedata

_BREAK = re.compile(r"\r\n|\r|\n")
_UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_TAB = "    "
_CUT = "…"


def lines_of(text: str) -> list[str]:
    """The lines of a text without their breaks; YAML 1.2's breaks only."""
    return _BREAK.split(text)


def showable(text: str) -> str:
    """The text with U+FFFD for each character that a terminal would act on or hide."""
    return _UNSHOWABLE.sub("\ufffd", text)


def one_line(text: str) -> str:
    """The same on one line, with a single space for each run of white space."""
    return showable(" ".join(text.split()))


def width(text: str) -> int:
    """How many columns of a terminal the text takes: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(map(_width_of, text))


def window(line: str, start: int, end: int, most: int) -> tuple[str, int, int]:
    """A part of a line that fits in `most` columns, and from and up to which of them `line[start:end]` stands.

    The part begins with the line where that fits, and otherwise shortly before `start`.
    """
    before, marked, after = (showable(part).replace("\t", _TAB) for part in (line[:start], line[start:end], line[end:]))
    if width(before) + width(marked) + width(after) <= most:
        return before + marked + after, width(before), width(before) + width(marked)
    if width(before) > most // 2:
        before = _CUT + _last(before, most // 3)
    room = most - width(before)
    if width(marked) > room:
        marked, after = _first(marked, room - 1) + _CUT, ""
    elif width(after) > room - width(marked):
        after = _first(after, room - width(marked) - 1) + _CUT
    return before + marked + after, width(before), width(before) + width(marked)


def _first(text: str, columns: int) -> str:
    taken = 0
    for index, character in enumerate(text):
        taken += _width_of(character)
        if taken > columns:
            return text[:index]
    return text


def _last(text: str, columns: int) -> str:
    taken = 0
    for index in range(len(text) - 1, -1, -1):
        taken += _width_of(text[index])
        if taken > columns:
            return text[index + 1 :]
    return text


def _width_of(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
