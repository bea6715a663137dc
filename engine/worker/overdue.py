"""Finds customers whose due time has passed: from the due queue in Redis at once, from PostgreSQL if that lost some."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from ..ir.instant import format_instant
from ..storage import keys
from ..storage.partitions import partition_of
from ..storage.redis_protocol import RedisClient

if TYPE_CHECKING:
    from psycopg import Connection

_STORED_EVERY = 2.0  # seconds between queries to PostgreSQL
_PUT_OFF = 60.0  # seconds until a customer who could not be processed is tried again

_STORED = (
    "SELECT due.profile, due.at FROM unnest(%s::smallint[]) AS owned (number),"
    " LATERAL (SELECT profile, ms(due_at) AS at FROM profile WHERE partition = owned.number"
    " AND due_at <= %s::timestamptz ORDER BY due_at LIMIT %s) AS due LIMIT %s"
)


class Overdue:
    """The customers of some partitions whose due instant has passed."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._next = 0.0
        self._put_off: dict[str, float] = {}

    def find(
        self, connection: Connection, owned: Collection[int], now_ms: int, limit: int, *, force: bool = False
    ) -> dict[str, int]:
        """At most `limit` of them, each with the due instant; with `force` none is missed."""
        numbers = sorted(owned)
        pipeline = self._redis.pipeline(transaction=False)
        for partition in numbers:
            pipeline.zrangebyscore(keys.due(partition), "-inf", now_ms, start=0, num=limit, withscores=True)
        found: dict[str, int] = {}
        for partition, answer in zip(numbers, pipeline.execute() if numbers else (), strict=True):
            queued = {name.decode(): int(score) for name, score in answer[: limit - len(found)]}
            if strays := [name for name in queued if partition_of(name) != partition]:
                self._redis.zrem(keys.due(partition), *strays)  # nobody would ever remove them from there
            found |= {name: at_ms for name, at_ms in queued.items() if name not in strays}
        if len(found) < limit and (force or time.monotonic() >= self._next):
            self._next = time.monotonic() + _STORED_EVERY
            rows = connection.execute(_STORED, (numbers, format_instant(now_ms), limit, limit - len(found)))
            found = dict(rows.fetchall()) | found
        if self._put_off:
            now = time.monotonic()
            self._put_off = {name: until for name, until in self._put_off.items() if until > now}
            found = {name: at_ms for name, at_ms in found.items() if name not in self._put_off}
        return found

    def put_off(self, profile: str, now_ms: int) -> None:
        """Postpone a customer who could not be processed, so that the others do not have to wait."""
        self._put_off[profile] = time.monotonic() + _PUT_OFF
        self._redis.zadd(keys.due(partition_of(profile)), {profile: now_ms + int(1_000 * _PUT_OFF)})

    def forget(self, gone: Iterable[str]) -> None:
        """Take customers who no longer exist off the queue."""
        pipeline = self._redis.pipeline(transaction=False)
        for profile in gone:
            pipeline.zrem(keys.due(partition_of(profile)), profile)
        pipeline.execute()
