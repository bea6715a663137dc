"""Which characters of a file make which characters of a scalar, whatever way it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator

Piece = tuple[str, int, int]
"""A character of the value and the offsets, from and up to, of what makes it in the file."""

_BREAK = r"(?:\r\n|\r|\n)"
_FOLD = re.compile(rf"[ \t]*{_BREAK}(?:[ \t]*{_BREAK})*[ \t]*")
_JOIN = re.compile(rf"\\{_BREAK}(?:[ \t]*{_BREAK})*[ \t]*")
_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_HEADER = re.compile(rf"[|>][-+0-9]*[^\r\n]*{_BREAK}")
_LINE = re.compile(rf"([^\r\n]*)({_BREAK}|$)")
_ONE_BREAK = re.compile(_BREAK)
_NAMED = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}


def places_of(text: str, start: int, end: int, value: str) -> list[tuple[int, int]] | None:
    """For each character of `value`, and for its end, the offsets of what makes it; None where they do not line up.

    `text[start:end]` is the scalar as written: plain, in quotes, or a literal or folded block. In a folded block the
    places of line breaks are approximate.
    """
    style = text[start : start + 1]
    if style in {"|", ">"}:
        pieces = _block(text, start, end, value)
    elif style in {"'", '"'}:
        pieces = list(_flow(text, start + 1, end - 1, style))
    else:
        pieces = list(_flow(text, start, end, ""))
    made = "".join(piece[0] for piece in pieces)
    if made + "\n" * (len(value) - len(made)) != value:
        return None
    last = pieces[-1][2] if pieces else min(start + (style in {"'", '"'}), end)
    beyond = len(value) - len(made) + 1  # blank lines that a block keeps lie behind its trimmed end
    return [*((piece[1], piece[2]) for piece in pieces), *[(last, last)] * beyond]


def _flow(text: str, start: int, end: int, quote: str) -> Iterator[Piece]:
    offset = start
    while offset < end:
        fold = _FOLD.match(text, offset, end)
        if fold:
            breaks = len(_ONE_BREAK.findall(fold.group()))
            for character in "\n" * (breaks - 1) or " ":
                yield character, fold.start(), fold.end()
            offset = fold.end()
            continue
        character, after = _one(text, offset, end, quote)
        if character:
            yield character, offset, after
        offset = after


def _one(text: str, offset: int, end: int, quote: str) -> tuple[str, int]:
    """The character written at an offset, empty for an escaped line break, and the offset after it."""
    character = text[offset]
    if quote == "'" and character == "'":
        return "'", offset + 2
    if quote != '"' or character != "\\":
        return character, offset + 1
    join = _JOIN.match(text, offset, end)
    if join:
        return "", join.end()
    escape = _ESCAPE.match(text, offset, end)
    if not escape:  # the parser would have stopped there
        return character, offset + 1
    letter, digits = escape.group()[1], escape.group()[2:]
    return chr(int(digits, 16)) if digits else _NAMED.get(letter, letter), escape.end()


def _block(text: str, start: int, end: int, value: str) -> list[Piece]:
    header = _HEADER.match(text, start)
    if not header:
        return []
    indent = _indent(text, header.end(), end, value)
    written: list[Piece] = []
    for line in _LINE.finditer(text, header.end(), end):
        begin = min(line.start() + indent, line.end(1))
        written += [(text[i], i, i + 1) for i in range(begin, line.end(1))]
        written.append(("\n", line.end(1), line.end()))
        if line.end() >= end:
            break
    return list(_align(written, value))


def _indent(text: str, start: int, end: int, value: str) -> int:
    """How many columns the block is indented: what its first line with text has more than the value's."""
    for line in _LINE.finditer(text, start, end):
        if line.group(1).strip(" "):
            own = value.lstrip("\n")
            return _leading(line.group(1)) - _leading(own)
        if line.end() >= end:
            break
    return 0


def _leading(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _align(written: list[Piece], value: str) -> Iterator[Piece]:
    """Pieces of the value from those of the lines as written, where folding makes a blank of one break of several."""
    index = 0
    for character in value:
        while character not in " \n" and index < len(written) and written[index][0] == "\n":
            index += 1
        if index >= len(written):
            return
        made, start, end = written[index]
        if made != character and not (made == "\n" and character == " "):
            return
        yield character, start, end
        index += 1
