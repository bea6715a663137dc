"""The canonical layout of a file, reached without changing what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..diagnostics import Sink
from .layout.indent import indent
from .layout.keys import keys_first
from .layout.lines import blank_lines, plain_breaks
from .layout.spacing import spacing
from .layout.tokens import comments_of
from .yaml.reader import read_documents

STEPS: tuple[Callable[[str], str], ...] = (plain_breaks, spacing, indent, keys_first, blank_lines)
_MOST_ROUNDS = 4


def format_text(text: str, file: str) -> str:
    """The file in canonical layout: two blanks a level, `[a, b]`, `{a: 1}`, single blank lines, `kind` and `name` up.

    Formatting twice gives the same. Comments stay, and values do too: a step that would change one is left out, and a
    file with errors comes back as it is.
    """
    meaning = _meaning(text, file)
    if meaning is None:
        return text
    for _ in range(_MOST_ROUNDS):
        before = text
        for step in STEPS:
            changed = step(text)
            if changed != text and _meaning(changed, file) == meaning:
                text = changed
        if text == before:
            break
    return text


def _meaning(text: str, file: str) -> tuple[list[str], list[str]] | None:
    """Values and comments of a file in a form to compare; None for one with errors."""
    sink = Sink()
    documents = read_documents(text.encode(), file, sink)
    if sink.errors:
        return None
    comments = sorted(comments_of(text.removeprefix("\ufeff")))
    return [_canonical(each.value) for each in documents], comments


def _canonical(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{key!r}:{_canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_canonical, value)) + "]"
    return repr(value)
