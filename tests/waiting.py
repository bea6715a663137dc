"""Waiting for other threads, processes and servers: as long as a busy machine needs, and then giving up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

PATIENCE: Final = 180.0  # seconds; only what is broken takes that long


def until(holds: Callable[[], object], *, pause: float = 0.02) -> None:
    """Return as soon as it holds. Fails when it does not come to hold."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"it did not come about within {PATIENCE:.0f} s"
        time.sleep(pause)
