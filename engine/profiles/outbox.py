"""The outbox: the changes of each partition in order, for its followers: Redis and the search index."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final, Literal

from ..storage.arrays import numbers, texts
from ..storage.partitions import PARTITIONS

if TYPE_CHECKING:
    from psycopg import Connection

Kind = Literal["change", "membership", "erase"]

PRUNED: Final = 1_000  # changes of one partition deleted at once
_ALL: Final = 2**63 - 1

_WRITE: Final = (
    "INSERT INTO outbox (partition, seq, profile, kind)"
    " SELECT partition, seq, profile, %s FROM unnest(%s::smallint[], %s::bigint[], %s::text[])"
    " AS given (partition, seq, profile)"
)
_READ: Final = (
    "SELECT seq, profile, kind FROM outbox WHERE partition = %s AND seq > %s AND seq <= %s ORDER BY seq LIMIT %s"
)
# The oldest of each partition are found by the primary key, and looked at only where the first is old enough, so that
# events never wait for a look at many. A row that an erasure is just renaming waits for the next time: the two would
# lock rows in different orders.
_PRUNE: Final = (
    "WITH old AS MATERIALIZED (SELECT oldest.partition, oldest.seq"
    " FROM unnest(%s::smallint[], %s::bigint[]) AS given (number, upto),"
    " LATERAL (SELECT at FROM outbox WHERE outbox.partition = given.number ORDER BY seq LIMIT 1) AS first,"
    " LATERAL (SELECT partition, seq FROM outbox WHERE outbox.partition = given.number"
    " AND first.at < now() - %s * interval '1 millisecond' AND seq <= given.upto"
    " ORDER BY seq LIMIT %s) AS oldest),"
    " free AS MATERIALIZED (SELECT outbox.partition, outbox.seq FROM outbox JOIN old USING (partition, seq)"
    " WHERE kind <> 'erase' AND at < now() - %s * interval '1 millisecond'"
    " ORDER BY outbox.partition, outbox.seq FOR UPDATE OF outbox SKIP LOCKED)"
    " DELETE FROM outbox USING free WHERE outbox.partition = free.partition AND outbox.seq = free.seq"
)


def write_changes(
    connection: Connection,
    partitions: Iterable[int],
    seqs: Iterable[int],
    profiles: Iterable[str],
    kind: Kind = "change",
) -> None:
    """Write changes at their places in the order; the partitions are locked by the caller."""
    connection.execute(_WRITE, (kind, numbers(partitions), numbers(seqs), texts(profiles)))


def read_changes(
    connection: Connection, partition: int, after: int, upto: int, limit: int
) -> list[tuple[int, str, Kind]]:
    """Number, customer and kind of the changes of a partition behind a number, in their order."""
    return connection.execute(_READ, (partition, after, upto, limit)).fetchall()


def open_erasure(connection: Connection, customer: str) -> int | None:
    """The number of the customer's unfinished erasure, None if there is none."""
    row = connection.execute(
        "SELECT max(seq) FROM outbox WHERE profile = %s AND kind = 'erase'", (customer,)
    ).fetchone()
    return None if row is None else row[0]


def open_erasures(connection: Connection, partitions: Collection[int]) -> list[str]:
    """The customers of these partitions with an unfinished erasure, the oldest first."""
    rows = connection.execute(
        "SELECT profile FROM outbox WHERE kind = 'erase' AND partition = ANY(%s) GROUP BY profile ORDER BY min(at)",
        (list(partitions),),
    ).fetchall()
    return [row[0] for row in rows]


def count_changes_of(connection: Connection, customer: str) -> int:
    """How many changes name the customer."""
    row = connection.execute("SELECT count(*) FROM outbox WHERE profile = %s", (customer,)).fetchone()
    return int(row[0]) if row else 0


def rename_in_outbox(connection: Connection, customer: str, stand_in: str) -> None:
    """Rename the customer in their changes to one that does not exist; an erasure counts as a change from then on."""
    connection.execute("UPDATE outbox SET profile = %s, kind = 'change' WHERE profile = %s", (stand_in, customer))


def prune_outbox(
    connection: Connection, keep_ms: int, upto: Mapping[int, int] | None = None, limit: int = PRUNED
) -> int:
    """Delete changes up to the numbers that everybody has passed, older than `keep_ms`; how many. Open erasures stay.

    At most `limit` changes of each partition in `upto`, or of all partitions.
    """
    passed = dict.fromkeys(range(PARTITIONS), _ALL) if upto is None else upto
    return connection.execute(_PRUNE, (list(passed), list(passed.values()), keep_ms, limit, keep_ms)).rowcount
