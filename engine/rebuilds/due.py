"""Writes the instants at which a new definition's verdict may change by time alone to profiles and the due queue.

Instants only move earlier here; one at which nothing changes after all is harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ir.instant import format_instant
from ..profiles.profile_store import bring_forward
from ..storage import keys
from ..storage.partitions import lock_partitions, partition_of
from ..storage.redis_protocol import RedisClient

if TYPE_CHECKING:
    from psycopg import Connection

BATCH = 2_000

# A profile with another version has been evaluated in the meantime, with the new definition in view.


class DueInstants:
    """Collects instants and writes them in batches, each in a short transaction of its own."""

    def __init__(self, connection: Connection, redis: RedisClient) -> None:
        self._connection = connection
        self._redis = redis
        self._rows: list[tuple[str, int, str]] = []

    def add(self, profile: str, version: int, kept_ms: int | None, due_ms: int | None) -> None:
        """Add a profile as it was read: its stored due instant, and that of the new definition."""
        if due_ms is not None and (kept_ms is None or due_ms < kept_ms):
            self._rows.append((profile, version, format_instant(due_ms)))

    def flush(self, least: int = 1) -> None:
        """Write the collected instants, if at least `least`, also to Redis, under locks that exclude erasures."""
        if len(self._rows) < least:
            return
        rows, self._rows = self._rows, []
        with self._connection.transaction():
            lock_partitions(self._connection, {partition_of(profile) for profile, _, _ in rows})
            scores: dict[int, dict[str, int]] = {}
            for profile, partition, due_ms in bring_forward(self._connection, rows):
                scores.setdefault(partition, {})[profile] = due_ms
            pipeline = self._redis.pipeline(transaction=False)
            for partition, members in scores.items():
                pipeline.zadd(keys.due(partition), members, lt=True)
            pipeline.execute()
