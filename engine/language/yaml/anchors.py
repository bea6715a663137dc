"""Anchors, and how much an alias to one stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Anchor:
    """A marked node: its number in the document, and its value once it is complete."""

    node: int
    value: Any = None
    complete: bool = False
    size: Size | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """How many values, how many levels of nesting and how many characters of text, aliases inside it expanded."""

    values: int
    levels: int
    characters: int


def measure(value: Any) -> Size:
    """The size of a complete value; it needs no bound of its own, as every value in it was counted when it was read."""
    values = levels = characters = 0
    level = [value]
    while level:
        values += len(level)
        levels += 1
        below: list[Any] = []
        for each in level:
            if isinstance(each, str):
                characters += len(each)
            elif isinstance(each, dict):
                characters += sum(map(len, each))
                below += each.values()
            elif isinstance(each, list):
                below += each
        level = below
    return Size(values, levels, characters)
