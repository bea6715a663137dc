"""Whom time has moved: the due queue in Redis says it at once, and PostgreSQL what the queue may have lost."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from ..ir.instant import format_instant
from ..storage import keys
from ..storage.partitions import partition_of

if TYPE_CHECKING:
    from psycopg import Connection

_KEPT_EVERY = 2.0  # seconds between two looks at what PostgreSQL has
_PUT_OFF = 60.0  # seconds until a customer who could not be worked on is tried again

_KEPT = (
    "SELECT due.profile, due.at FROM unnest(%s::smallint[]) AS owned (number),"
    " LATERAL (SELECT profile, ms(due_at) AS at FROM profile WHERE partition = owned.number"
    " AND due_at <= %s::timestamptz ORDER BY due_at LIMIT %s) AS due LIMIT %s"
)


class Overdue:
    """The customers of some partitions whose due instant has come."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._next = 0.0
        self._put_off: dict[str, float] = {}

    def find(
        self, connection: Connection, owned: Collection[int], now_ms: int, limit: int, *, force: bool = False
    ) -> dict[str, int]:
        """Some of them, at most `limit`, each with that instant; with `force` none is overlooked."""
        numbers = sorted(owned)
        pipeline = self._redis.pipeline(transaction=False)
        for partition in numbers:
            pipeline.zrangebyscore(keys.due(partition), "-inf", now_ms, start=0, num=limit, withscores=True)
        found: dict[str, int] = {}
        for partition, answer in zip(numbers, pipeline.execute() if numbers else (), strict=True):
            queued = {name.decode(): int(score) for name, score in answer[: limit - len(found)]}
            if strays := [name for name in queued if partition_of(name) != partition]:
                self._redis.zrem(keys.due(partition), *strays)  # nobody would ever take them off there
            found |= {name: at_ms for name, at_ms in queued.items() if name not in strays}
        if len(found) < limit and (force or time.monotonic() >= self._next):
            self._next = time.monotonic() + _KEPT_EVERY
            rows = connection.execute(_KEPT, (numbers, format_instant(now_ms), limit, limit - len(found)))
            found = dict(rows.fetchall()) | found
        if self._put_off:
            now = time.monotonic()
            self._put_off = {name: until for name, until in self._put_off.items() if until > now}
            found = {name: at_ms for name, at_ms in found.items() if name not in self._put_off}
        return found

    def put_off(self, profile: str, now_ms: int) -> None:
        """Let a customer who could not be worked on wait, so that the others do not."""
        self._put_off[profile] = time.monotonic() + _PUT_OFF
        self._redis.zadd(keys.due(partition_of(profile)), {profile: now_ms + int(1_000 * _PUT_OFF)})

    def forget(self, gone: Iterable[str]) -> None:
        """Take customers off the queue who are no more."""
        pipeline = self._redis.pipeline(transaction=False)
        for profile in gone:
            pipeline.zrem(keys.due(partition_of(profile)), profile)
        pipeline.execute()
