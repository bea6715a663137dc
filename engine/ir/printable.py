"""Text from outside on its way to a terminal: what would steer it, or end the line, is written as JSON writes it."""

from __future__ import annotations

import json


def printable(text: str) -> str:
    """The text on one line, with JSON's escapes for every character that is not printable, as a line break."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)
