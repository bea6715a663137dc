"""Functions of text and lists: results stay canonical and bounded; None is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...operators.pinned_unicode import lower as lower_code_points
from ...operators.pinned_unicode import nfc
from ...operators.pinned_unicode import upper as upper_code_points
from ...operators.values import TEXT_LIMIT


def _limited_text(text: str) -> str | None:
    text = nfc(text)
    return text if len(text) <= TEXT_LIMIT else None


def join(left: str | None, right: str | None) -> str | None:
    """The two texts as one, in NFC; missing beyond a million characters."""
    if left is None or right is None or len(left) + len(right) > 2 * TEXT_LIMIT:
        return None
    return _limited_text(left + right)


def lower(text: str | None) -> str | None:
    """Lower case, code point by code point, as `normalize: lowercase` does it."""
    return None if text is None else _limited_text(lower_code_points(text))


def upper(text: str | None) -> str | None:
    """Upper case as Unicode has it (`ß` becomes `SS`), in NFC."""
    return None if text is None else _limited_text(upper_code_points(text))


def begins(text: str | None, start: str | None) -> bool | None:
    """Whether the text starts so; missing when a side is."""
    return None if text is None or start is None else text.startswith(start)


def ends(text: str | None, end: str | None) -> bool | None:
    """Whether the text ends so; missing when a side is."""
    return None if text is None or end is None else text.endswith(end)


def length(items: Sequence[Any] | None) -> int | None:
    """How many characters or elements."""
    return None if items is None else len(items)


def is_empty(text: str | None) -> bool | None:
    """Whether it is the text without characters."""
    return None if text is None else not text


def item_of(items: Sequence[Any] | None, index: int | None) -> Any:
    """The element or character there, from the end for a negative index; missing beyond."""
    if items is None or index is None or not -len(items) <= index < len(items):
        return None
    return items[index]


def slice_of(items: Sequence[Any] | None, start: int | None, stop: int | None) -> Any:
    """The elements from `start` up to `stop`; an empty list is missing, an empty text is not."""
    if items is None or start is None or stop is None:
        return None
    found = items[start:stop]
    return None if not found and not isinstance(found, str) else found


def array_of(*items: Any) -> list[Any] | None:
    """The items that are there; missing without any."""
    return [item for item in items if item is not None] or None


def some(flags: Sequence[bool] | None) -> bool | None:
    """Whether one is true; missing without elements."""
    return any(flags) if flags else None


def every(flags: Sequence[bool] | None) -> bool | None:
    """Whether all are true; missing without elements."""
    return all(flags) if flags else None


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a whole text has the pattern. The pattern was checked when compiling; its reader is loaded here."""
    from ...operators.patterns import parse

    return parse(pattern).matches
