"""What servers keep on disk of what was deleted: they are asked to let go of it, as far as they can while serving."""

from __future__ import annotations

from typing import Any

from .place import Stores
from .postgres_places import TABLES

VACUUMED = (*(table for table, _ in TABLES), "outbox")


def let_go(stores: Stores) -> list[str]:
    """Vacuum the tables and have Redis write its append-only file anew; what was refused, in words.

    The connection must be in autocommit. Dead rows that another transaction may still see stay for a later vacuum.
    """
    refused = []
    try:
        stores.connection.execute(f"VACUUM {', '.join(VACUUMED)}".encode())
    except Exception as problem:  # noqa: BLE001 - whatever it is, the erasure is done
        refused.append(f"PostgreSQL did not vacuum ({type(problem).__name__}): its autovacuum does it later")
    try:
        _rewrite(stores.redis)
    except Exception as problem:  # noqa: BLE001 - as above
        refused.append(f"Redis did not begin to write its append-only file anew ({type(problem).__name__})")
    return refused


def _rewrite(redis: Any) -> None:
    """On every primary of a Cluster, or on the one server; where no such file is kept, nothing."""
    from redis import RedisCluster
    from redis.exceptions import ResponseError

    spread = isinstance(redis, RedisCluster)
    for node in redis.get_primaries() if spread else [None]:
        target = {} if node is None else {"target_nodes": node}
        if not redis.info("persistence", **target).get("aof_enabled"):
            continue
        try:
            redis.execute_command("BGREWRITEAOF", **target)
        except ResponseError as problem:
            if "already in progress" not in str(problem):
                raise
