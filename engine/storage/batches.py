"""Customers are read in batches bounded by events, since one customer may have more events than a thousand others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

EVENTS = 20_000  # the most events that are read together, unless a single customer has more

Row = TypeVar("Row")


def batch_by_events(rows: Iterable[Row], events: Callable[[Row], int]) -> Iterator[list[Row]]:
    """The customers' rows in order, in batches of at most EVENTS events; a customer with more is a batch of its own.

    `events` returns the number of events that a row's customer has.
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
