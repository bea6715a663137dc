"""Customers are read in batches that their events bound, as one of them may have more than a thousand others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

EVENTS = 20_000  # of customers whose histories are read together, unless a single one has more

Row = TypeVar("Row")


def bounded(rows: Iterable[Row], events: Callable[[Row], int]) -> Iterator[list[Row]]:
    """The customers' rows in order, in batches of EVENTS events at most; who has more is a batch alone.

    `events` gives how many a row's customer has.
    """
    batch: list[Row] = []
    count = 0
    for row in rows:
        if batch and count + events(row) > EVENTS:
            yield batch
            batch, count = [], 0
        batch.append(row)
        count += events(row)
    if batch:
        yield batch
