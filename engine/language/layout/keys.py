"""The order of a document's first keys."""

from __future__ import annotations

from itertools import pairwise

from ...diagnostics import Sink
from ..yaml.reader import YamlDocument, read_documents
from ..yaml.spans import Source
from .tokens import tokens_of

FIRST = ("apiVersion", "kind", "name")


def keys_first(text: str) -> str:
    """The text with `apiVersion`, `kind` and `name` at the head of each document that has them elsewhere.

    A comment above a key moves with it; comments above the first key stay at the head of the document.
    """
    source = Source("", text)
    lines = text.split("\n")
    marks = [
        source.place(each.start)[0] - 1 for each in tokens_of(text) if each.kind in {"DocumentStart", "DocumentEnd"}
    ]
    # From the last one up, as blank lines that go would shift what follows.
    for document in reversed(list(read_documents(text.encode(), "", Sink()))):
        chunks = _chunks(document, lines, marks)
        ordered = sorted(chunks, key=lambda each: FIRST.index(each[0]) if each[0] in FIRST else len(FIRST))
        if ordered != chunks:
            start, end = chunks[0][1], chunks[-1][2]
            lines[start:end] = _join([(key, lines[first:last]) for key, first, last in ordered])
    return "\n".join(lines)


def _join(chunks: list[tuple[str, list[str]]]) -> list[str]:
    """The lines of all keys; blank lines behind one of the first keys come behind the last of them."""
    head = [line for key, lines in chunks if key in FIRST for line in _without_blank_end(lines)]
    blank = any(not lines[-1].strip(" \t") for key, lines in chunks if key in FIRST)
    return [*head, *([""] if blank else []), *(line for key, lines in chunks if key not in FIRST for line in lines)]


def _without_blank_end(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and not lines[end - 1].strip(" \t"):
        end -= 1
    return lines[:end]


def _chunks(document: YamlDocument, lines: list[str], marks: list[int]) -> list[tuple[str, int, int]]:
    """For each key of a mapping in block style the lines, from and up to, that move with it."""
    value, spans = document.value, document.spans
    if not isinstance(value, dict) or len(value) < 2 or lines[document.start_line - 1].startswith(("{", "-", "&", "!")):
        return []
    firsts = [spans.key((key,)).line - 1 for key in value]
    if len(set(firsts)) < len(firsts) or firsts[0] in marks:
        return []
    starts = [
        firsts[0],
        *(_with_comments(first, lines, above) for above, first in pairwise(firsts)),
    ]
    end = next((mark for mark in marks if mark > firsts[-1]), len(lines) - (lines[-1] == ""))
    return list(zip(value, starts, [*starts[1:], end], strict=True))


def _with_comments(first: int, lines: list[str], above: int) -> int:
    """The first of the comment lines directly above a line, but below another one."""
    while first - 1 > above and lines[first - 1].startswith("#"):
        first -= 1
    return first
