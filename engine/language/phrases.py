"""Words for values and places, as findings use them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..diagnostics import Path

MOST_LISTED = 30


def dotted_path(path: Path) -> str:
    """A path as authors would write it: `nodes.offers.rows[2]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def kind_of(value: Any) -> str:
    """What a YAML value is."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a whole number" if isinstance(value, int) else "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "a mapping"


def value_words(value: Any) -> str:
    """A boolean as it is written, nothing as empty, anything else by its kind."""
    if value is None:
        return "empty"
    return f"`{str(value).lower()}`" if isinstance(value, bool) else kind_of(value)


def quoted_list(names: Sequence[str]) -> str:
    """Names in backticks; of many, the first."""
    shown = ", ".join(f"`{name}`" for name in names[:MOST_LISTED])
    return f"{shown} …" if len(names) > MOST_LISTED else shown


def one_of(names: Iterable[str]) -> str:
    """`a`, or one of several."""
    known = list(names)
    if not known:
        return "no key"
    return quoted_list(known) if len(known) == 1 else f"one of {quoted_list(known)}"


def count_text(number: int, noun: str) -> str:
    """`1 entry`, `2 entries`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"
