"""What servers keep of what was deleted: they are asked to let go of it, as far as they can while serving."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Final

from ..index.names import all_indices
from ..ir.instant import format_instant, parse_instant
from ..storage import keys
from ..storage.facts import put_fact, read_fact
from ..storage.redis_client import cluster_of
from ..storage.redis_protocol import RedisClient
from .place import Stores, describe_problem
from .postgres_places import TABLES
from .rewriting import rewrite

VACUUMED: Final = (*(table for table, _ in TABLES), "outbox")
MERGED: Final = "segments_merged"  # the fact up to whose erasure segments were merged, and when
MERGE_MS: Final = 86_400_000  # from one such merge to the next: it may write whole indices anew
LEASE_MS: Final = 120_000  # how long a deletion is remembered for copies of a shard that are away for a moment

_ERASED: Final = "SELECT ms(max(at)) FROM suppression WHERE at <= %s::timestamptz"


def let_go(stores: Stores, partitions: Collection[int]) -> list[str]:
    """Have PostgreSQL and Redis drop old bytes, also on the transition streams of some partitions; what was refused.

    The connection must be in autocommit. Dead rows that another transaction may still see stay for a later vacuum.
    """
    refused = []
    try:
        _vacuum(stores)
    except Exception as problem:  # noqa: BLE001 - whatever it is, the erasure is done
        refused.append(f"PostgreSQL did not vacuum ({type(problem).__name__}): its autovacuum does it later")
    for partition in sorted(partitions):
        try:
            rewrite(stores.reached_redis(), keys.transitions_stream(partition), stores.pause)
        except Exception as problem:  # noqa: BLE001 - as above
            refused.append(
                f"deleted entries stay in the nodes of {keys.transitions_stream(partition)} until some 100,000 later"
                f" ones have pushed them out, or this command is run again: {describe_problem(problem)}"
            )
    try:
        _rewrite_file(stores.reached_redis())
    except Exception as problem:  # noqa: BLE001 - as above
        refused.append(f"Redis did not begin to write its append-only file anew ({type(problem).__name__})")
    return refused


def merge_segments(stores: Stores, now_ms: int) -> bool:
    """Have Lucene's segments merged in which deleted documents are, once a day where somebody was erased since.

    Whether it was asked for; the server does it by and by. What was deleted a moment ago is left for the next time.
    """
    connection = stores.connection
    row = connection.execute(_ERASED, (format_instant(max(0, now_ms - LEASE_MS)),)).fetchone()
    erased_ms = row[0] if row else None
    if stores.elasticsearch is None or erased_ms is None:
        return False
    before = json.loads(read_fact(connection, MERGED) or "{}")
    if before and (erased_ms <= parse_instant(before["upto"]) or 0 <= now_ms - parse_instant(before["at"]) < MERGE_MS):
        return False
    for index in all_indices(stores.elasticsearch, stores.index_alias):
        indices = stores.elasticsearch.indices
        indices.put_settings(index=index.name, settings={"index.merge.policy.expunge_deletes_allowed": 0})
        indices.flush(index=index.name)
        indices.forcemerge(index=index.name, only_expunge_deletes=True, wait_for_completion=False)
    put_fact(connection, MERGED, json.dumps({"upto": format_instant(erased_ms), "at": format_instant(now_ms)}))
    return True


def _vacuum(stores: Stores) -> None:
    """Dead rows go, then the values that the statistics of the columns have sampled, then those of old statistics."""
    stores.connection.execute(f"VACUUM (ANALYZE) {', '.join(VACUUMED)}".encode())
    # Where the role may not, PostgreSQL says so in a notice and goes on.
    stores.connection.execute("VACUUM pg_catalog.pg_statistic")


def _rewrite_file(redis: RedisClient) -> None:
    """On every primary of a Cluster, or on the one server; where no such file is kept, nothing."""
    from redis.exceptions import ResponseError

    cluster = cluster_of(redis)
    for node in [None] if cluster is None else cluster.get_primaries():
        target = {} if node is None else {"target_nodes": node}
        if not redis.info("persistence", **target).get("aof_enabled"):
            continue
        try:
            redis.execute_command("BGREWRITEAOF", **target)
        except ResponseError as problem:
            if "already in progress" not in str(problem):
                raise
