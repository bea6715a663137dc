"""The worker's end of the event streams: read what is new or was left, acknowledge, trim what everybody has read."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...storage.keys import GROUP, OWNER, events_stream
from .fence import Command

TRIM = 256  # acknowledged entries that are worth removing
_STRAY_SECONDS = 2.0  # between two looks for entries that nobody is working on


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a partition's stream."""

    partition: int
    id: str
    fields: Mapping[bytes, bytes]


class Queue:
    """The streams of the partitions that this process owns; one consumer a partition, so that order is kept."""

    def __init__(self, redis: Any) -> None:
        from redis import RedisCluster

        self._redis = redis
        self._cluster = isinstance(redis, RedisCluster)
        self._left: set[int] = set()
        self._owned: set[int] = set()
        self._trim: dict[int, int] = {}
        self._next_look = 0.0

    def adopt(self, partition: int) -> None:
        """Begin to read a partition: what an earlier owner has read and not acknowledged comes first."""
        from redis import ResponseError

        try:
            self._redis.xgroup_create(events_stream(partition), GROUP, id="0", mkstream=True)
        except ResponseError as problem:
            if "BUSYGROUP" not in str(problem):
                raise
        self._owned.add(partition)
        self._left.add(partition)
        self._trim[partition] = TRIM  # whatever the last owner did not come to remove

    def abandon(self, partition: int) -> None:
        """The partition is no longer ours."""
        self._owned.discard(partition)
        self._left.discard(partition)
        self._trim.pop(partition, None)

    def read(self, count: int, block_ms: int | None) -> list[Entry]:
        """At most about `count` entries, in each partition's order; waits for the first at most `block_ms`, or not.

        What was read before must have been acknowledged.
        """
        if not self._owned:
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
        return [entry for answer in pipeline.execute() for entry in _entries(answer)]

    def _find_strays(self) -> None:
        """What is not acknowledged now was taken by an earlier owner, who did not know yet that it had ended."""
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
        found = _entries(self._redis.xreadgroup(GROUP, OWNER, {events_stream(partition): "0"}, count=count))
        if not found:
            self._left.discard(partition)
        return found

    def acknowledging(self, entries: Iterable[Entry]) -> list[Command]:
        """The commands after which what was committed will not be read again; they are taken as done."""
        ids: dict[int, list[str]] = {}
        for entry in entries:
            ids.setdefault(entry.partition, []).append(entry.id)
        for partition, done in ids.items():
            self._trim[partition] = self._trim.get(partition, 0) + len(done)
        return [("XACK", events_stream(partition), GROUP, *done) for partition, done in ids.items()]

    def trim(self, least: int = TRIM) -> bool:
        """Remove what every consumer group of a stream has read and acknowledged, once it is worth it.

        One stream a call, so that events do not wait for the others; whether there was one.
        """
        partition = max(self._trim, key=self._trim.__getitem__, default=None)
        if partition is None or self._trim[partition] < least:
            return False
        stream = events_stream(partition)
        bounds = [self._bound(stream, group) for group in self._redis.xinfo_groups(stream)]
        if bounds:
            self._redis.xtrim(stream, minid=_text(min(bounds)), approximate=False)
        del self._trim[partition]
        return True

    def _bound(self, stream: str, group: Mapping[str, Any]) -> tuple[int, int]:
        """The first entry that a group still needs: its oldest pending one, or what follows the last it has read."""
        name = group["name"]
        if group["pending"]:
            oldest = self._redis.xpending(stream, name)["min"]
            if oldest is not None:
                return _place(oldest)
        milliseconds, number = _place(group["last-delivered-id"])
        return milliseconds, number + 1

    def waiting(self, partitions: Collection[int]) -> int:
        """How many entries of these partitions are not read yet, or read and not acknowledged."""
        count = 0
        for partition in partitions:
            stream = events_stream(partition)
            if self._redis.exists(stream):
                groups = {_name(group["name"]): group for group in self._redis.xinfo_groups(stream)}
                count += self._needed(stream, groups[GROUP]) if GROUP in groups else self._redis.xlen(stream)
        return int(count)

    def _needed(self, stream: str, group: Mapping[str, Any]) -> int:
        lag = group.get("lag")
        unread: int = lag if lag is not None else self._unread(stream, group["last-delivered-id"])
        return unread + int(group["pending"])

    def _unread(self, stream: str, after: Any) -> int:
        """For servers that do not tell the lag: whether there is anything behind the last entry that was read."""
        milliseconds, number = _place(after)
        return len(self._redis.xrange(stream, min=f"{milliseconds}-{number + 1}", count=1))


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


def _place(entry: bytes | str) -> tuple[int, int]:
    milliseconds, _, number = _name(entry).partition("-")
    return int(milliseconds), int(number or 0)


def _text(place: tuple[int, int]) -> str:
    return f"{place[0]}-{place[1]}"
