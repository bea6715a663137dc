"""What stays of somebody who was erased outside of all places: where, until when, and what ends it sooner.

Places are what a reader can find somebody in. Servers keep more: bytes of what was deleted, samples of values, files.
Each of these has one function in `REMAINS`, which counts what can be counted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..index.names import all_indices
from ..profiles.suppression import Suppressed
from ..storage import keys
from ..storage.partitions import PARTITIONS
from ..storage.redis_client import cluster_of
from ..storage.redis_protocol import RedisClient
from .place import Stores, describe_problem
from .stream_places import notices

if TYPE_CHECKING:
    from psycopg import Connection


SHOWN: Final = 20  # ids of entries that are told


@dataclass(frozen=True, slots=True)
class Remainder:
    """What stays in one corner of a server, as far as it can be counted, until when, and what ends it sooner."""

    store: str
    place: str
    count: int | None
    until: str
    sooner: str | None = None


def remains(stores: Stores, customers: Collection[str]) -> list[Remainder]:
    """What stays of customers who were erased, once servers were asked to let go of old bytes."""
    found: list[Remainder] = []
    for store, part in REMAINS:
        try:
            found += part(stores, sorted(customers))
        except Exception as problem:  # noqa: BLE001 - the erasure is done all the same
            found.append(
                Remainder(store, "all of it", None, f"nobody knows: it does not answer ({describe_problem(problem)})")
            )
    return found


_SAMPLED: Final = (
    "SELECT count(*) FROM pg_stats, unnest(%s::text[]) AS given (customer) WHERE schemaname = current_schema()"
    " AND (given.customer = ANY(most_common_vals::text::text[])"
    " OR given.customer = ANY(histogram_bounds::text::text[]))"
)
# Whoever can still see what was deleted before now: sessions, prepared transactions, copies that follow.
_WATCHING: Final = (
    "SELECT (SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_xmin IS NOT NULL"
    "  AND datname = current_database()) + (SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database())"
    " + (SELECT count(*) FROM pg_replication_slots WHERE xmin IS NOT NULL)"
)


def count_sampled_columns(connection: Connection, customers: Collection[str]) -> int:
    """In how many columns' statistics PostgreSQL has sampled the customers' ids."""
    row = connection.execute(_SAMPLED, (list(customers),)).fetchone()
    return int(row[0]) if row else 0


def _in_postgres(stores: Stores, customers: Collection[str]) -> Iterator[Remainder]:
    connection = stores.connection
    barred = len(Suppressed()(connection, customers))
    yield Remainder("PostgreSQL", "suppression", barred, "for good: a keyed hash, by which late events are dropped")
    if found := count_sampled_columns(connection, customers):
        again = "ANALYZE; who has no right to it asks the owner of the tables"
        yield Remainder("PostgreSQL", "pg_stats", found, "until the tables are analyzed again", again)
    row = connection.execute(_WATCHING).fetchone()
    if row and row[0]:
        yield Remainder(
            "PostgreSQL",
            "dead rows",
            None,
            f"until {row[0]:,} transactions that are open end, where they began before, and autovacuum comes",
            "VACUUM, once they have ended (pg_stat_activity names them)",
        )
    yield Remainder(
        "PostgreSQL",
        "pages of tables and indices",
        None,
        "until what was vacuumed, and is marked as free, is written over; indices with little to do wait for a later"
        " vacuum",
        "VACUUM (INDEX_CLEANUP ON), and VACUUM FULL, which locks the tables",
    )
    log = "until it is recycled, by max_wal_size, and as long as it is archived or a copy needs it"
    yield Remainder("PostgreSQL", "write-ahead log", None, log, "CHECKPOINT")


def _in_redis(stores: Stores, customers: Collection[str]) -> Iterator[Remainder]:
    if stores.redis is None:
        return
    for stream, ids in notices(stores, customers).items():
        some = " ".join(ids[:SHOWN]) + (" …" if len(ids) > SHOWN else "")
        yield Remainder(
            "Redis",
            stream,
            len(ids),
            "an hour from the erasure, or a week at most where a consumer group is behind: exits that consumers need; a"
            " worker then deletes them and writes the stream anew",
            f"XDEL {stream} {some}; their bytes go when something of the partition is next erased",
        )
    if waiting := sum(stores.redis.xlen(keys.events_stream(partition)) for partition in range(PARTITIONS)):
        around = "until the events beside those that were taken off have been worked on; all that wait are counted"
        yield Remainder("Redis", "nodes of decisor:events:*", waiting, around, "a worker that runs")
    if _is_written(stores.redis):
        yield Remainder("Redis", "append-only file", None, "until it is written anew, which was asked for")
    yield Remainder("Redis", "snapshots (dump.rdb)", None, "until the next one, where they are made", "BGSAVE")


def _is_written(redis: RedisClient) -> bool:
    """Whether an append-only file is kept."""
    found = redis.info("persistence", **({"target_nodes": "primaries"} if cluster_of(redis) is not None else {}))
    nodes = found.values() if "aof_enabled" not in found else [found]
    return any(each.get("aof_enabled") for each in nodes if isinstance(each, dict))


def _in_elasticsearch(stores: Stores, _customers: Collection[str]) -> Iterator[Remainder]:
    if stores.elasticsearch is None:
        return
    names = [each.name for each in all_indices(stores.elasticsearch, stores.index_alias)]
    if not names:
        return
    answer = stores.elasticsearch.indices.stats(index=names, metric="docs")
    yield Remainder(
        "Elasticsearch",
        "Lucene segments",
        int(answer["_all"]["primaries"]["docs"]["deleted"]),
        "until the segments are merged, as a worker asks for once a day; counted are the deleted documents of all",
        f"a minute from now: POST /{stores.index_alias}-*/_forcemerge?only_expunge_deletes=true",
    )
    view = "an export that began before reads on, and its view is given up five minutes after it was last asked"
    yield Remainder("Elasticsearch", "open views", None, f"until they are closed: {view}")


def _elsewhere(_stores: Stores, _customers: Collection[str]) -> Iterator[Remainder]:
    files = "until they expire; after one is restored, erase again whoever was erased since"
    yield Remainder("files", "backups, copies of consumers", None, files)


Part = Callable[[Stores, Collection[str]], Iterator[Remainder]]
REMAINS: Final[tuple[tuple[str, Part], ...]] = (
    ("PostgreSQL", _in_postgres),
    ("Redis", _in_redis),
    ("Elasticsearch", _in_elasticsearch),
    ("elsewhere", _elsewhere),
)
