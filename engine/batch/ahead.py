"""Making things ahead of their use, in one thread, a few at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def ahead(items: Iterator[Item], count: int) -> Iterator[Item]:
    """The items in their order; up to `count` of them are made meanwhile, the first ones from now on."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="ahead")
    waiting = deque(pool.submit(_following, items) for _ in range(count))
    return _take(items, waiting, pool)


def _take(
    items: Iterator[Item], waiting: deque[Future[tuple[Item] | None]], pool: ThreadPoolExecutor
) -> Iterator[Item]:
    try:
        while (found := waiting.popleft().result()) is not None:
            waiting.append(pool.submit(_following, items))
            yield found[0]
    finally:
        pool.shutdown(cancel_futures=True)


def _following(items: Iterator[Item]) -> tuple[Item] | None:
    """The next item, or None at the end."""
    for item in items:
        return (item,)
    return None
