"""Effort: what a piece of work costs beside a fixed piece of work on the same machine.

Both are measured as processor time of this process, so that the verdict of a test is the same on a slow machine and on
one that is busy with something else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Final, TypeVar

Outcome = TypeVar("Outcome")

ATTEMPTS: Final = 3


def within(effort: float, work: Callable[[], Outcome]) -> Outcome:
    """What the work returns. Fails where it costs more than `effort` times the yardstick, every time it is tried."""
    least = float("inf")
    for _ in range(ATTEMPTS):
        started = time.process_time()
        outcome = work()
        least = min(least, (time.process_time() - started) / yardstick())
        if least <= effort:
            return outcome
    raise AssertionError(f"it cost {least:.1f} times the yardstick, expected at most {effort:g} times")


@cache
def yardstick() -> float:
    """Processor seconds of the fixed piece of work, which reads, hashes and keeps 20,000 short texts."""

    def once() -> float:
        started = time.process_time()
        kept: dict[str, int] = {}
        for number in range(20_000):
            kept[f"key {number}"] = kept.get(f"key {number - 1}", 0) + len(f"{number:x}")
        return time.process_time() - started

    return min(once() for _ in range(5))
