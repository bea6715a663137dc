"""Patterns as PostgreSQL's advanced regular expressions, signs written by their numbers."""

from __future__ import annotations

from typing import Final

from .core import Unsupported, unsupported
from .patterns.grammar import Characters, Choice, Node, Repeat, Sequence

MAX_REPEAT: Final = 255  # the highest number in braces that PostgreSQL takes


def postgres(tree: Node) -> str | Unsupported:
    """The text for `~`, anchored at both ends; PostgreSQL's dot and classes take line breaks."""
    if _highest(tree) > MAX_REPEAT:
        return unsupported(f"PostgreSQL repeats at most {MAX_REPEAT} times")
    return f"^(?:{_text(tree)})$"


def _highest(node: Node) -> int:
    if isinstance(node, Characters):
        return 0
    if isinstance(node, Repeat):
        return max(node.least, node.most or 0, _highest(node.item))
    return max((_highest(item) for item in node.items), default=0)


def _text(node: Node) -> str:
    if isinstance(node, Characters):
        return _characters(node)
    if isinstance(node, Sequence):
        return "".join(_text(item) for item in node.items)
    if isinstance(node, Choice):
        return f"(?:{'|'.join(_text(item) for item in node.items)})"
    most = "" if node.most is None else str(node.most)
    inner = _text(node.item)
    atom = inner if isinstance(node.item, Characters | Choice) else f"(?:{inner})"
    return f"{atom}{{{node.least},{most}}}"


def _characters(node: Characters) -> str:
    if not node.ranges:
        return "."
    if not node.negated and len(node.ranges) == 1 and node.ranges[0][0] == node.ranges[0][1]:
        return _character(node.ranges[0][0])
    inside = "".join(
        _character(low) if low == high else f"{_character(low)}-{_character(high)}" for low, high in node.ranges
    )
    return f"[{'^' if node.negated else ''}{inside}]"


def _character(code_point: int) -> str:
    """A letter or digit as it is, anything else by its number."""
    sign = chr(code_point)
    return sign if sign.isascii() and sign.isalnum() else f"\\U{code_point:08X}"
