"""Where reading goes on behind a syntax error: in the same document after a bad escape, else at the next `---`."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from ...diagnostics import Finding
from .spans import Source

MOST_ERRORS = 20
"""Syntax errors of one file that are reported."""
MOST_REREAD = 8 * 1024 * 1024
"""Characters that are parsed again after errors of one file."""

_SEPARATOR = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)
_VISIBLE = re.compile(r"[^\r\n]")
_ENVELOPE = re.compile(r"^(kind|name):[^\r\n]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Resumption:
    """The text to read on with, as long as the file's own, so that offsets stay; blank up to where reading goes on.

    `broken` is the stretch of the document that is given up; None where the same document is read again.
    """

    text: str
    broken: tuple[int, int] | None


def most_errors(text: str) -> int:
    """How many syntax errors of a file are looked for; fewer in a large one, as each costs another parse."""
    return max(1, min(MOST_ERRORS, MOST_REREAD // (len(text) + 1)))


def resumption(error: yaml.YAMLError, finding: Finding, source: Source, text: str, begun: int) -> Resumption | None:
    """How reading goes on behind an error; None if the parser does not say where it is.

    `text` is what was read, and `begun` the offset from which it was not blank. `---` at the beginning of a line
    separates documents wherever it stands, even inside of quotes and brackets, so the next document is never part
    of the broken one.
    """
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return None
    offset = min(mark.index, len(text))
    starts = [found.start() for found in _SEPARATOR.finditer(text, begun)]
    start = max((each for each in starts if each < offset), default=begun)
    if finding.code == "Y057":
        return Resumption(blank(text[:start]) + _without_escape(text, finding, source)[start:], None)
    end = min((each for each in starts if each >= offset and each > start), default=len(text))
    return Resumption(blank(text[:end]) + text[end:], (start, end))


def blank(text: str) -> str:
    """The text with nothing but its line breaks and spaces."""
    return _VISIBLE.sub(" ", text)


def declaration(text: str, start: int, end: int) -> str:
    """The text with nothing left but the lines between two offsets that plainly say a document's `kind` and `name`."""
    kept: dict[str, re.Match[str]] = {}
    for found in _ENVELOPE.finditer(text, start, end):
        kept.setdefault(found.group(1), found)
    parts: list[str] = []
    offset = 0
    for found in kept.values():
        parts += (blank(text[offset : found.start()]), found.group())
        offset = found.end()
    return "".join(parts)


def _without_escape(text: str, finding: Finding, source: Source) -> str:
    """The text with `_` for the backslash of a bad escape; for both where its repair covers a pair."""
    span = finding.fix.edits[0].span if finding.fix else finding.span
    start, end = source.offset(span.line, span.column), source.offset(span.end_line, span.end_column)
    return text[:start] + text[start:end].replace("\\", "_") + text[end:]
