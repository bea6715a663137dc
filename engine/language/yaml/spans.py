"""Where things stand in a file: from offsets in its text to lines and columns, from paths in a value to spans."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...diagnostics import Path, Span
from .scalar_places import places_of

_BREAK = re.compile(r"\r\n|\r|\n")
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*\s+)+")
_BLANK = " \t\r\n"
NONE: Mapping[int, int] = MappingProxyType({})


class Source:
    """A file's text, without byte order mark, and where its lines begin."""

    __slots__ = ("_starts", "file", "text")

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._starts: list[int] | None = None

    @property
    def line_starts(self) -> list[int]:
        """The offset of the first character of each line."""
        if self._starts is None:
            self._starts = [0, *(found.end() for found in _BREAK.finditer(self.text))]
        return self._starts

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        starts = self.line_starts
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        """The span from one offset up to another."""
        return Span(self.file, *self.place(start), *self.place(end))

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column; beyond the end of the text, its length."""
        starts = self.line_starts
        if line > len(starts):
            return len(self.text)
        return min(starts[line - 1] + column - 1, len(self.text))


class Spans:
    """Places of every value and key of one document, worked out only when asked for.

    `marks` holds, in the order of the text, a start and an end offset for every node: the value itself, then for each
    entry of a mapping its key and its value, for each entry of a list its value. `skipped` leads from a node that is
    in the text but not in the value (the second of two equal keys) to the next one; `aliases` leads from the node of
    an alias to the node it stands for.
    """

    __slots__ = ("_aliases", "_marks", "_nodes", "_skipped", "_value", "source")

    def __init__(
        self,
        source: Source,
        value: Any,
        marks: array[int],
        skipped: Mapping[int, int] = NONE,
        aliases: Mapping[int, int] = NONE,
    ) -> None:
        self.source = source
        self._value = value
        self._marks = marks
        self._skipped = skipped
        self._aliases = aliases
        self._nodes: dict[Path, int] | None = None

    def has(self, path: Path, name: str) -> bool:
        """Whether the mapping or list at a path has a key, or an entry, of that name."""
        try:
            around = at(self._value, path)
        except (KeyError, IndexError, TypeError):
            return False
        return isinstance(around, dict | list) and name in around

    def value(self, path: Path) -> Span:
        """Where the value at `path` stands, or the nearest value around it that exists."""
        return self.source.span(*self._offsets(self._existing(path)))

    def key(self, path: Path) -> Span:
        """Where the key at the end of `path` stands; for an entry of a list, or a key that is not there, as `value`."""
        path = self._existing(path)
        if not path or not isinstance(path[-1], str):
            return self.value(path)
        node = self._numbers()[path] - 1
        return self.source.span(self._marks[2 * node], self._marks[2 * node + 1])

    def inside(self, path: Path, start: int, end: int) -> Span:
        """Where the characters from `start` up to `end` of the text at `path` stand, escapes and folds undone."""
        path = self._existing(path)
        text = at(self._value, path)
        begin, stop = self._offsets(path)
        if not isinstance(text, str):
            return self.source.span(begin, stop)
        begin = after_properties(self.source.text, begin, stop)
        places = places_of(self.source.text, begin, stop, text)
        if places is None:
            return self.source.span(begin, stop)
        start = max(0, min(start, len(text)))
        end = max(start, min(end, len(text)))
        first = places[start][0]
        return self.source.span(first, places[end - 1][1] if end > start else first)

    def paths_by_offset(self) -> dict[int, Path]:
        """The path of the key or value that begins at an offset of the text; of a key, where its mapping does too."""
        nodes = self._numbers()
        values = {self._marks[2 * node]: path for path, node in reversed(nodes.items())}
        keys = {self._marks[2 * node - 2]: path for path, node in nodes.items() if path and isinstance(path[-1], str)}
        return values | keys

    def key_nodes(self, mapping: dict[str, Any], node: int) -> dict[str, int]:
        """The node of each key of a mapping that stands at a node."""
        nodes: dict[Path, int] = {}
        self._number_entries(mapping, node, (), nodes)
        return {str(path[0]): found - 1 for path, found in nodes.items() if len(path) == 1}

    def _existing(self, path: Path) -> Path:
        nodes = self._numbers()
        while path not in nodes:
            path = path[:-1]
        return path

    def _offsets(self, path: Path) -> tuple[int, int]:
        node = self._numbers()[path]
        start, end = self._marks[2 * node], self._marks[2 * node + 1]
        value, text = at(self._value, path), self.source.text
        if not isinstance(value, dict | list):
            return start, start + len(text[start:end].rstrip(_BLANK)) if end > start else end
        flow = text[start] in "[{" and text[end - 1] in "]}"
        if node in self._aliases or not value or flow:
            return start, end
        last = next(reversed(value)) if isinstance(value, dict) else len(value) - 1
        return start, self._offsets((*path, last))[1]

    def _numbers(self) -> dict[Path, int]:
        if self._nodes is None:
            self._nodes = {}
            self._number(self._value, 0, (), self._nodes)
        return self._nodes

    def _number(self, value: Any, node: int, path: Path, nodes: dict[Path, int]) -> int:
        """Note the nodes of a value and all in it; what comes back is the node after it."""
        nodes[path] = node
        target = self._aliases.get(node)
        if target is None:
            return self._number_entries(value, node, path, nodes)
        self._number_entries(value, target, path, nodes)
        return node + 1

    def _number_entries(self, value: Any, node: int, path: Path, nodes: dict[Path, int]) -> int:
        node += 1
        if isinstance(value, dict):
            for key, entry in value.items():
                node = self._number(entry, self._resolve_skipped(node) + 1, (*path, key), nodes)
            return self._resolve_skipped(node)
        if isinstance(value, list):
            for index, entry in enumerate(value):
                node = self._number(entry, node, (*path, index), nodes)
        return node

    def _resolve_skipped(self, node: int) -> int:
        while node in self._skipped:
            node = self._skipped[node]
        return node


def after_properties(text: str, start: int, end: int) -> int:
    """The offset of a node itself, behind the anchor and tag that its place begins with."""
    found = _PROPERTIES.match(text, start, end)
    return found.end() if found else start


def at(value: Any, path: Path) -> Any:
    """What stands at a path of a value; the path must exist."""
    for step in path:
        value = value[step]
    return value
