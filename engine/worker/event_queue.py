"""The worker's end of the event streams: reads new and leftover entries, acknowledges and trims what has been read."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..storage.keys import GROUP, OWNER, events_stream
from ..storage.redis_client import cluster_of
from ..storage.redis_protocol import RedisClient
from ..storage.streams import first_needed, format_id
from .fence import Command

TRIM = 256  # number of acknowledged entries that is worth a removal …
TRIM_SECONDS = 10.0  # … and how long fewer of them may stay
_STRAY_SECONDS = 2.0  # between checks for entries that nobody is working on


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a partition's stream."""

    partition: int
    id: str
    fields: Mapping[bytes, bytes]


class Queue:
    """The streams of the partitions that this process owns; one consumer per partition, so that order is preserved."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._cluster = cluster_of(redis) is not None
        self._left: set[int] = set()
        self._owned: set[int] = set()
        self._trim: dict[int, int] = {}
        self._since: dict[int, float] = {}  # when the first of them was acknowledged, oldest first
        self._next_look = 0.0

    def adopt(self, partition: int) -> None:
        """Start reading a partition: entries that an earlier owner read but did not acknowledge come first."""
        from redis import ResponseError

        try:
            self._redis.xgroup_create(events_stream(partition), GROUP, id="0", mkstream=True)
        except ResponseError as problem:
            if "BUSYGROUP" not in str(problem):
                raise
        self._owned.add(partition)
        self._left.add(partition)
        self._trim[partition] = TRIM  # for what the last owner did not get to remove

    def abandon(self, partition: int) -> None:
        """Stop reading a partition that is no longer ours."""
        self._owned.discard(partition)
        self._left.discard(partition)
        self._trim.pop(partition, None)
        self._since.pop(partition, None)

    def read(self, count: int, block_ms: int | None) -> list[Entry]:
        """At most about `count` entries, in each partition's order; waits up to `block_ms` for the first, if given.

        Everything read before must have been acknowledged.
        """
        if not self._owned:
            _sleep(block_ms)
            return []
        self._find_strays()
        if self._left:
            return self._read_left(count)
        streams = {events_stream(partition): ">" for partition in sorted(self._owned)}
        each = max(1, count // len(streams))
        if not self._cluster:
            return _entries(self._redis.xreadgroup(GROUP, OWNER, streams, count=each, block=block_ms))
        pipeline = self._redis.pipeline()
        for stream in streams:
            pipeline.xreadgroup(GROUP, OWNER, {stream: ">"}, count=each)
        found = [entry for answer in pipeline.execute() for entry in _entries(answer)]
        if not found:
            _sleep(block_ms)
        return found

    def _find_strays(self) -> None:
        """Find unacknowledged entries: an earlier owner took them, not yet knowing that its ownership had ended."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _STRAY_SECONDS
        owned = sorted(self._owned)
        pipeline = self._redis.pipeline(transaction=False)
        for partition in owned:
            pipeline.xpending(events_stream(partition), GROUP)
        self._left |= {each for each, told in zip(owned, pipeline.execute(), strict=True) if told["pending"]}

    def _read_left(self, count: int) -> list[Entry]:
        partition = min(self._left)
        stream = events_stream(partition)
        found = _entries(self._redis.xreadgroup(GROUP, OWNER, {stream: "0"}, count=count))
        if not found:
            self._left.discard(partition)
        if deleted := [entry.id for entry in found if not entry.fields]:  # by an erasure
            self._redis.xack(stream, GROUP, *deleted)
        return [entry for entry in found if entry.fields]

    def acknowledgements(self, entries: Iterable[Entry]) -> list[Command]:
        """The commands that acknowledge the entries; they are assumed to be executed."""
        ids: dict[int, list[str]] = {}
        for entry in entries:
            ids.setdefault(entry.partition, []).append(entry.id)
        for partition, done in ids.items():
            self._trim[partition] = self._trim.get(partition, 0) + len(done)
            self._since.setdefault(partition, time.monotonic())
        return [("XACK", events_stream(partition), GROUP, *done) for partition, done in ids.items()]

    def trim(self, least: int = TRIM) -> bool:
        """Remove what every consumer group of a stream has acknowledged, once it is worth it or has waited long enough.

        Trims one stream per call, so that events do not wait for the others; returns whether there was one.
        """
        partition = max(self._trim, key=self._trim.__getitem__, default=None)
        if partition is None or self._trim[partition] < least:
            partition = next(iter(self._since), None)
            if partition is None or time.monotonic() < self._since[partition] + TRIM_SECONDS:
                return False
        stream = events_stream(partition)
        needed = first_needed(self._redis, stream)
        if needed is not None:
            self._redis.xtrim(stream, minid=format_id(needed), approximate=False)
        self._trim.pop(partition, None)
        self._since.pop(partition, None)
        return True

    def waiting(self, partitions: Collection[int]) -> bool:
        """Whether these partitions have entries that are unread, or read but not acknowledged."""
        return any(self._waits(events_stream(partition)) for partition in partitions)

    def _waits(self, stream: str) -> bool:
        """Whether entries wait, by the stream itself: the lag that servers report is inexact after deletions."""
        if not self._redis.exists(stream):
            return False
        groups = {_name(group["name"]): group for group in self._redis.xinfo_groups(stream)}
        group = groups.get(GROUP, {"pending": 0, "last-delivered-id": "0-0"})
        return bool(
            group["pending"] or self._redis.xrange(stream, min=f"({_name(group['last-delivered-id'])}", count=1)
        )


def _sleep(milliseconds: int | None) -> None:
    time.sleep((milliseconds or 0) / 1_000)


def _entries(answer: Any) -> list[Entry]:
    streams = answer.items() if isinstance(answer, dict) else answer or ()
    found = []
    for stream, entries in streams:
        partition = int(_name(stream).rpartition(":")[2])
        pages = [entries] if not entries or not isinstance(entries[0], list) else entries
        found += [Entry(partition, _name(name), fields or {}) for page in pages for name, fields in page]
    return found


def _name(text: bytes | str) -> str:
    return text.decode() if isinstance(text, bytes) else text
