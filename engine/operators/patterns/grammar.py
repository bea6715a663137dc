r"""From the text of a pattern to its tree, or why it is refused.

    pattern  = branch { "|" branch }
    branch   = piece { piece }
    piece    = atom [ "?" | "*" | "+" | "{" m "}" | "{" m "," "}" | "{" m "," n "}" ]
    atom     = "." | class | "(" pattern ")" | "\" punctuation | any other character
    class    = "[" [ "^" ] { character | character "-" character } "]"

The dot matches every character, a line break too. What other dialects add, or read in their own ways, is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import digits, punctuation
from typing import Final, TypeAlias

MAX_LENGTH: Final = 256
"""Code points of a pattern."""
MAX_REPEAT: Final = 1_000
"""The highest number in braces; RE2 takes no higher one."""
MAX_DEPTH: Final = 32
"""Groups within groups."""

_QUANTIFIERS: Final = "?*+{"
_INSTEAD: Final = {
    "d": "write `[0-9]`",
    "D": "write `[^0-9]`",
    "w": "write `[0-9A-Za-z_]`",
    "W": "write `[^0-9A-Za-z_]`",
    "s": "write the blanks that are meant, in brackets",
    "S": "write `[^ ]`, with the blanks that are meant",
    "n": "write the line break itself",
    "t": "write the tab itself",
    "b": "a pattern covers the whole value",
    "B": "a pattern covers the whole value",
    "A": "a pattern covers the whole value",
    "Z": "a pattern covers the whole value",
    "z": "a pattern covers the whole value",
}


class PatternRefusedError(ValueError):
    """A pattern outside the grammar or too costly; `position` is the offset of the character where it shows."""

    def __init__(self, message: str, position: int = 0) -> None:
        self.position = position
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Characters:
    """One code point within the ranges, or with `negated` outside them. Ranges are sorted and leave gaps between."""

    ranges: tuple[tuple[int, int], ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """One item after the other."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the items."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """The item `least` to `most` times; without `most` as often as it goes."""

    item: Node
    least: int
    most: int | None


Node: TypeAlias = Characters | Sequence | Choice | Repeat

DOT: Final = Characters((), negated=True)


def literal(character: str) -> Characters:
    """The node of one character."""
    return Characters(((ord(character), ord(character)),))


def check_length(text: str) -> None:
    """Nothing for a text of 1 to 256 characters. Raises PatternRefusedError.

    The server finds no value at all for an empty shape, not even the empty one.
    """
    if not 1 <= len(text) <= MAX_LENGTH:
        raise PatternRefusedError(f"the pattern has {len(text):,} characters, expected 1 to {MAX_LENGTH}")


def read(text: str) -> Node:
    """The tree of a pattern. Raises PatternRefusedError."""
    check_length(text)
    reader = _Reader(text)
    tree = reader.pattern(0)
    if reader.place < len(text):
        raise reader.refusal("closes no group", "write `\\)` for the sign itself")
    return tree


class _Reader:
    """Reads from `place` on; every method leaves it behind what it has read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def next(self) -> str:
        """The character to be read; nothing at the end."""
        return self.text[self.place : self.place + 1]

    def refusal(self, found: str, expected: str, *, start: int | None = None, length: int = 1) -> PatternRefusedError:
        """The error that names what stands at `start`, or where the reader is."""
        start = self.place if start is None else start
        shown = self.text[start : start + length]
        at = f"`{shown}` at character {start + 1}" if shown else "the end of the pattern"
        return PatternRefusedError(f"{at} {found}; {expected}", start)

    def pattern(self, depth: int) -> Node:
        """Branches with bars between, up to a closing bracket or the end."""
        branches = [self.branch(depth)]
        while self.next() == "|":
            self.place += 1
            branches.append(self.branch(depth))
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def branch(self, depth: int) -> Node:
        """One piece or more."""
        pieces: list[Node] = []
        while self.next() not in {"", "|", ")"}:
            pieces.append(self.piece(depth))
        if not pieces:
            raise self.refusal("leaves a branch empty", "make the rest optional with `?`")
        return pieces[0] if len(pieces) == 1 else Sequence(tuple(pieces))

    def piece(self, depth: int) -> Node:
        """An atom, repeated or not."""
        item = self.atom(depth)
        sign = self.next()
        if not sign or sign not in _QUANTIFIERS:
            return item
        start = self.place
        least, most = self.braces() if sign == "{" else self.sign(sign)
        if (most or least) > 1 and _may_be_empty(item):
            # Lucene's automaton for it grows out of proportion, and the numbers say nothing.
            wide = {"start": start, "length": self.place - start}
            raise self.refusal("repeats what may be empty", "use `*`, or let the group take a character", **wide)
        if self.next() and self.next() in _QUANTIFIERS:
            raise self.refusal("repeats a repetition", "use one of `? * + {m,n}`, or a group")
        return item if (least, most) == (1, 1) else Repeat(item, least, most)

    def sign(self, sign: str) -> tuple[int, int | None]:
        """The bounds of `?`, `*` or `+`."""
        self.place += 1
        return (sign == "+") + 0, 1 if sign == "?" else None

    def braces(self) -> tuple[int, int | None]:
        """The bounds in braces."""
        start = self.place
        end = self.text.find("}", start)
        least, comma, most = self.text[start + 1 : end].partition(",")
        wide = {"start": start, "length": max(end - start, 0) + 1}
        if end < 0 or not _is_number(least) or not (_is_number(most) if most else True):
            raise self.refusal(
                "is not a repetition", "expected `{m}`, `{m,}` or `{m,n}`, or `\\{` for the sign", **wide
            )
        low, high = int(least), int(most) if most else None if comma else int(least)
        if high is not None and not low <= high <= MAX_REPEAT:
            raise self.refusal("is not a repetition", f"expected bounds in their order, at most {MAX_REPEAT:,}", **wide)
        if low > MAX_REPEAT or high == 0:
            raise self.refusal("is not a repetition", f"expected 1 to {MAX_REPEAT:,}", **wide)
        self.place = end + 1
        return low, high

    def atom(self, depth: int) -> Node:
        """A dot, a class, a group or one character."""
        sign = self.next()
        if sign == "(":
            return self.group(depth)
        if sign == "[":
            return self.characters()
        if sign == "\\":
            return literal(self.escaped_sign())
        if sign in {"^", "$"}:
            raise self.refusal(
                "is not an anchor here", f"a pattern covers the whole value; `\\{sign}` is the sign itself"
            )
        if sign in _QUANTIFIERS:
            raise self.refusal("repeats nothing", f"write `\\{sign}` for the sign itself")
        if sign in {"]", "}"}:
            raise self.refusal("closes nothing", f"write `\\{sign}` for the sign itself")
        self.place += 1
        return DOT if sign == "." else literal(sign)

    def group(self, depth: int) -> Node:
        """A pattern in round brackets."""
        start = self.place
        if self.text.startswith("(?", start):
            raise self.refusal("begins a group with options", "groups have none", length=2)
        if depth >= MAX_DEPTH:
            raise self.refusal("nests too deep", f"expected at most {MAX_DEPTH} groups within each other")
        self.place += 1
        item = self.pattern(depth + 1)
        if self.next() != ")":
            raise self.refusal("is not closed", "expected `)`", start=start)
        self.place += 1
        return item

    def escaped_sign(self) -> str:
        """The punctuation mark after a backslash."""
        character = self.text[self.place + 1 : self.place + 2]
        if not character or character not in punctuation:
            expected = _INSTEAD.get(character, "a backslash stands before a punctuation mark only")
            raise self.refusal("is not part of the grammar", expected, length=2)
        self.place += 2
        return character

    def characters(self) -> Characters:
        """A class in square brackets."""
        start = self.place
        negated = self.text.startswith("[^", start)
        self.place += 2 if negated else 1
        first = self.place
        ranges: list[tuple[int, int]] = []
        if self.next() == "]":
            raise self.refusal("leaves the class empty", "write `\\]` for the sign itself")
        while self.next() != "]":
            if not self.next():
                raise self.refusal("is not closed", "expected `]`", start=start)
            low = self.member(is_edge=self.place == first)
            high = self.upper_end(low)
            ranges.append((low, high))
        self.place += 1
        return Characters(_merge(ranges), negated)

    def member(self, *, is_edge: bool) -> int:
        """One character of a class; a hyphen stands for itself first or last."""
        sign = self.next()
        if sign == "\\":
            return ord(self.escaped_sign())
        if sign in {"[", "]"}:
            raise self.refusal("stands in a class", f"write `\\{sign}` for the sign itself")
        if sign == "-" and not is_edge and self.text[self.place + 1 :] and self.text[self.place + 1] != "]":
            raise self.refusal("joins no two characters", "write `\\-` for the sign itself")
        self.place += 1
        return ord(sign)

    def upper_end(self, low: int) -> int:
        """The end of the range that begins with `low`, or `low` where no range follows."""
        if self.next() != "-" or self.text.startswith("-]", self.place) or self.place + 1 >= len(self.text):
            return low
        self.place += 1
        start = self.place
        high = self.member(is_edge=True)
        if high < low:
            raise self.refusal("ends a range before it began", f"expected `{chr(low)}` or later", start=start)
        return high


def _may_be_empty(node: Node) -> bool:
    """Whether the node matches a value without characters."""
    match node:
        case Characters():
            return False
        case Sequence(items):
            return all(_may_be_empty(item) for item in items)
        case Choice(items):
            return any(_may_be_empty(item) for item in items)
        case Repeat(item, least, _):
            return least == 0 or _may_be_empty(item)


def _is_number(text: str) -> bool:
    return 0 < len(text) <= len(str(MAX_REPEAT)) and all(character in digits for character in text)


def _merge(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The same characters in sorted ranges with gaps between."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)
