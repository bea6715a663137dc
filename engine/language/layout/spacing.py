"""Blanks between the parts of one line: `key: value`, `[a, b]`, `{a: 1, b: 2}`."""

from __future__ import annotations

from itertools import pairwise

from .tokens import Token, has_written_key, tokens_of

_OPENING = {"FlowSequenceStart", "FlowMappingStart"}
_CLOSING = {"FlowSequenceEnd", "FlowMappingEnd"}
_ZERO_WIDTH = {"BlockMappingStart", "BlockSequenceStart", "BlockEnd", "Key"}


def spacing(text: str) -> str:
    """The text with one blank where one belongs and none where none does; as it is where a key is written with `?`."""
    tokens = tokens_of(text)
    if has_written_key(tokens):
        return text
    parts: list[str] = []
    offset = depth = 0
    for before, after in pairwise(_visible(tokens)):
        depth += (before.kind in _OPENING) - (before.kind in _CLOSING)
        between = text[before.end : after.start]
        wanted = _between(before, after, flow=depth > 0)
        if wanted is None or between == wanted or between.strip(" \t"):
            continue
        parts += (text[offset : before.end], wanted)
        offset = after.start
    return "".join(parts) + text[offset:]


def _visible(tokens: list[Token]) -> list[Token]:
    return [
        each for each in tokens if each.kind not in _ZERO_WIDTH and not (each.kind == "Key" and each.start == each.end)
    ]


def _between(before: Token, after: Token, *, flow: bool) -> str | None:
    """What belongs between two tokens on one line; None where it is better left alone."""
    if not flow:
        if before.kind == "Value" and after.kind != "BlockEntry":
            return " "
        return "" if before.kind == "Scalar" and after.kind == "Value" else None
    if before.kind in _OPENING:
        return None if after.kind == "Value" else ""
    if before.kind == "Value":
        return None if after.kind in _CLOSING | {"FlowEntry"} else " "
    if after.kind in _CLOSING | {"FlowEntry"}:
        return ""
    if before.kind == "FlowEntry":
        return None if after.kind == "Value" else " "
    return "" if after.kind == "Value" and before.kind in _CLOSING | {"Scalar"} else None
