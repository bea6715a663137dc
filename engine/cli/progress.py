"""A progress bar on standard error, shown only on a terminal and only after the first second."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

_WIDTH = 30
_SHOWN_AFTER = 1.0  # seconds
_EVERY = 0.1  # seconds


def progress(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """The items, while a bar shows how many of `total` are done."""
    if not sys.stderr.isatty():
        yield from items
        return
    started = time.monotonic()
    due = started + _SHOWN_AFTER
    for done, item in enumerate(items):
        if time.monotonic() >= due:
            _draw(done / max(total, 1), f"{label}  {done:,} of {total:,}")
            due = time.monotonic() + _EVERY
        yield item
    sys.stderr.write("\r\x1b[K")


def _draw(share: float, text: str) -> None:
    filled = min(_WIDTH, int(share * _WIDTH))
    sys.stderr.write(f"\r\x1b[K{'█' * filled}{'░' * (_WIDTH - filled)}  {text}")
    sys.stderr.flush()
