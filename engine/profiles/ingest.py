"""Ingestion: puts events on Redis Streams, one per partition of the customers, no faster than they are consumed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..operators.pinned_unicode import nfc
from ..storage.keys import events_stream
from ..storage.partitions import PARTITIONS, partition_of
from ..storage.redis_protocol import RedisClient

EVENT_LIMIT = 256 * 1024  # bytes of one event as JSON
QUEUE_EVENTS = 20_000  # events that may wait in one partition's stream …
QUEUE_BYTES = 16 << 20  # … and roughly how many bytes of them
BATCH = 500
_LONGEST_WAIT = 0.25  # seconds between two looks at a full queue


class EventTooLargeError(ValueError):
    """The event has more bytes than the queue accepts."""


class QueueFullError(TimeoutError):
    """The queue stayed full for as long as the caller was willing to wait; nothing of the batch was put on it."""


@dataclass(frozen=True, slots=True)
class Queued:
    """How many events were put on the queue, and for how many seconds the caller waited for room."""

    events: int
    waited: float


class EventProducer:
    """Puts events on the queue; `key` is the name of the customer's key in an event (`customer_id`).

    Even an unreadable event is put on the queue: the worker stores it as a dead letter, with the reason. The caller
    waits while the queue is full, at most `patience` seconds.
    """

    def __init__(
        self,
        redis: RedisClient,
        key: str,
        *,
        queue_events: int = QUEUE_EVENTS,
        patience: float = float("inf"),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._redis = redis
        self._key = key
        self._queue_events = queue_events
        self._patience = patience
        self._sleep = sleep
        self._waiting: list[int] = [0] * PARTITIONS

    def put(self, events: Iterable[Mapping[str, Any] | bytes]) -> Queued:
        """Put events on the queue, in order.

        Raises EventTooLargeError, QueueFullError, Redis's own errors, and TypeError for a single event.
        """
        if isinstance(events, Mapping | bytes | str):
            raise TypeError("put() takes several events: expected `put([event])` for one")
        count, waited = 0, 0.0
        batch: list[tuple[int, bytes]] = []
        for event in events:
            batch.append(self._address(event))
            if len(batch) >= BATCH:
                waited += self.put_addressed(batch)
                count += len(batch)
                batch = []
        if batch:
            waited += self.put_addressed(batch)
            count += len(batch)
        return Queued(count, waited)

    def _address(self, event: Mapping[str, Any] | bytes) -> tuple[int, bytes]:
        if isinstance(event, bytes):
            raw = event.strip()
            customer = customer_of(raw, self._key)
        else:
            raw = json.dumps(dict(event), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
            customer = _normal(event.get(self._key))
        if len(raw) > EVENT_LIMIT:
            raise EventTooLargeError(f"the event has {len(raw):,} bytes, expected at most {EVENT_LIMIT:,}")
        return stream_of(customer, raw), raw

    def put_addressed(self, batch: Sequence[tuple[int, bytes]]) -> float:
        """Put a batch of events, whatever their size, into the streams given with them; seconds waited."""
        waited = self._wait(batch)
        pipeline = self._redis.pipeline(transaction=False)
        for partition, raw in batch:
            pipeline.xadd(events_stream(partition), {"e": raw})
        touched = sorted({partition for partition, _ in batch})
        for partition in touched:
            pipeline.xlen(events_stream(partition))
        answers = pipeline.execute()
        for partition, length in zip(touched, answers[len(batch) :], strict=True):
            self._waiting[partition] = length
        return waited

    def _wait(self, batch: Sequence[tuple[int, bytes]]) -> float:
        """Wait until every stream that the batch goes to has room; how long it took, 0 where nothing was in the way."""
        average = sum(len(raw) for _, raw in batch) // len(batch) + 1
        limit = max(BATCH, min(self._queue_events, QUEUE_BYTES // average))
        touched = {partition for partition, _ in batch}
        if all(self._waiting[partition] < limit for partition in touched):
            return 0.0
        started = time.monotonic()
        pause = 0.002
        while any(self._waiting[partition] >= limit for partition in touched):
            if time.monotonic() - started >= self._patience:
                raise QueueFullError(f"the queue holds {limit:,} events of a partition; is a worker running?")
            self._sleep(pause)
            pause = min(_LONGEST_WAIT, pause * 1.5)
            for partition in touched:
                self._waiting[partition] = self._redis.xlen(events_stream(partition))
        return time.monotonic() - started


def stream_of(customer: str | None, raw: bytes) -> int:
    """The partition of an event; without a readable customer, one by its bytes."""
    if customer is None:
        return partition_of(raw.decode("utf-8", "replace"))
    try:
        return partition_of(customer)
    except UnicodeEncodeError:  # a lone surrogate, which the worker will refuse
        return partition_of(raw.decode("utf-8", "replace"))


def customer_of(raw: bytes, key: str) -> str | None:
    """The customer of an event as JSON, NFC as the worker will read it; None where there is none to be read."""
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return _normal(event.get(key)) if isinstance(event, dict) else None


def _normal(customer: Any) -> str | None:
    return nfc(customer) if isinstance(customer, str) else None
