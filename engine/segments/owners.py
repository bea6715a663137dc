"""Who maintains which sets, according to Redis: workers those of running segments, a SegmentationEngine its own.

The names of running segments are copied from PostgreSQL, for processes without it; the others are only in Redis.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ..storage import keys
from ..storage.redis_protocol import RedisClient
from ..storage.replies import text

if TYPE_CHECKING:
    from psycopg import Connection

_VERSION = "SELECT version FROM registry"
_NAMES = "SELECT name FROM segment"  # including ended ones, until everybody has left
_REPLACE = """
redis.call('DEL', KEYS[1])
for _, name in ipairs(ARGV) do redis.call('SADD', KEYS[1], name) end
return 1
"""


class SegmentKeptError(ValueError):
    """Workers maintain the segment's set; the message says what to do instead."""


def note_running(connection: Connection, redis: RedisClient, noted: int | None = None) -> int:
    """Write to Redis which segments workers maintain, unless `noted` is current; returns the registry's version."""
    row = connection.execute(_VERSION).fetchone()
    if row is not None and row[0] == noted:
        return int(row[0])
    with connection.transaction():
        # The registry is locked until Redis has it, so the last write is the current one.
        row = connection.execute(f"{_VERSION} FOR SHARE").fetchone()
        names = [each[0] for each in connection.execute(_NAMES)]
        redis.eval(_REPLACE, 1, keys.RUNNING, *names)
        if names:
            redis.srem(keys.MADE, *names)
    return int(row[0]) if row is not None else 0


def runs(redis: RedisClient, name: str) -> bool:
    """Whether workers maintain the segment, so that others must not write its set."""
    return bool(redis.sismember(keys.RUNNING, name))


def engine_sets(redis: RedisClient, running: Collection[str] = ()) -> set[str]:
    """The names of the sets that a SegmentationEngine has made, except those of `running` segments."""
    return {text(each) for each in redis.smembers(keys.MADE)} - set(running)
