"""Who keeps which sets, as Redis tells it: those of segments that run, and those that a SegmentationEngine has made.

The first are a copy of what PostgreSQL registers, for those who have none; the second are known to Redis alone.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ..storage import keys
from ..storage.replies import text

if TYPE_CHECKING:
    from psycopg import Connection

_VERSION = "SELECT version FROM registry"
_NAMES = "SELECT name FROM segment"  # one that has ended, too, until everybody has left
_REPLACE = """
redis.call('DEL', KEYS[1])
for _, name in ipairs(ARGV) do redis.call('SADD', KEYS[1], name) end
return 1
"""


class SegmentKeptError(ValueError):
    """Workers keep the segment's set; the message says what to do instead."""


def note_running(connection: Connection, redis: Any, noted: int | None = None) -> int:
    """Tell Redis which segments workers keep, unless that is `noted` already; the registry's version."""
    row = connection.execute(_VERSION).fetchone()
    if row is not None and row[0] == noted:
        return int(row[0])
    with connection.transaction():
        # The registry stands still until Redis has it, so what is written last is what is true.
        row = connection.execute(f"{_VERSION} FOR SHARE").fetchone()
        names = [each[0] for each in connection.execute(_NAMES)]
        redis.eval(_REPLACE, 1, keys.RUNNING, *names)
        if names:
            redis.srem(keys.MADE, *names)
    return int(row[0]) if row is not None else 0


def runs(redis: Any, name: str) -> bool:
    """Whether workers keep the segment, so that its set is not to be written by others."""
    return bool(redis.sismember(keys.RUNNING, name))


def engine_sets(redis: Any, running: Collection[str] = ()) -> set[str]:
    """The names of the sets that a SegmentationEngine has made, without those of segments that are `running`."""
    return {text(each) for each in redis.smembers(keys.MADE)} - set(running)
