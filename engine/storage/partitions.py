"""Partitions: customers are spread over them by hash, and each has one order of changes.

A writer of profiles or membership locks the rows of the partitions that it touches, in order of their numbers, and
takes its sequence numbers from them. So changes of a partition are committed in the order of their sequence numbers,
without gaps, and writers never deadlock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .arrays import numbers

if TYPE_CHECKING:
    from psycopg import Connection, Cursor

PARTITIONS = 16
PARTITION_LOCK = 0x0DEC  # the class of the advisory locks by which partitions are owned


def partition_of(customer: str, count: int = PARTITIONS) -> int:
    """The partition of a customer: 8 bytes of BLAKE2b over the key's UTF-8, big-endian, modulo `count`."""
    return int.from_bytes(hashlib.blake2b(customer.encode(), digest_size=8).digest(), "big") % count


def lock_partitions(connection: Connection, partitions: Collection[int]) -> dict[int, int]:
    """Lock the partitions' rows until the transaction ends; returns the last sequence number of each."""
    return dict(request_locks(connection, partitions).fetchall())


def request_locks(connection: Connection, partitions: Collection[int]) -> Cursor[tuple[int, int]]:
    """Request the locks of `lock_partitions`; in a pipeline the answer arrives with those of the next statements."""
    return connection.execute(
        "SELECT number, seq FROM partition WHERE number = ANY(%s::smallint[]) ORDER BY number FOR UPDATE",
        (numbers(sorted(partitions)),),
    )


def advance(connection: Connection, last: Mapping[int, int]) -> None:
    """Set the last sequence number of locked partitions."""
    connection.execute(
        "UPDATE partition SET seq = given.seq FROM unnest(%s::smallint[], %s::bigint[]) AS given (number, seq)"
        " WHERE partition.number = given.number",
        (numbers(last), numbers(last.values())),
    )


def heads(connection: Connection) -> dict[int, int]:
    """The last sequence number of each partition."""
    return {int(number): int(seq) for number, seq in connection.execute("SELECT number, seq FROM partition").fetchall()}


def raise_to(connection: Connection, partition: int, seq: int) -> bool:
    """Raise the last sequence number of a partition to `seq` if it is less; returns whether it was.

    A stream refuses the ids of numbers that it has seen, and a follower of the outbox notices the gap and starts over.
    """
    statement = "UPDATE partition SET seq = %s WHERE number = %s AND seq < %s RETURNING number"
    return connection.execute(statement, (seq, partition, seq)).fetchone() is not None


def last_numbers(connection: Connection) -> dict[int, int]:
    """The last sequence number of each partition."""
    return dict(connection.execute("SELECT number, seq FROM partition").fetchall())


def take_ownership(connection: Connection, number: int) -> bool:
    """Try to own the partition until this session ends or gives it up; returns whether it does now."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (PARTITION_LOCK, number)).fetchone()
    return bool(row and row[0])


def owners(connection: Connection) -> dict[int, int]:
    """How many partitions each session of this database owns, by its process id."""
    rows = connection.execute(
        "SELECT pid, count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = %s"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY pid",
        (PARTITION_LOCK,),
    )
    return dict(rows.fetchall())


def give_up_ownership(connection: Connection, number: int) -> None:
    """Give up a partition that this session owns."""
    connection.execute("SELECT pg_advisory_unlock(%s, %s)", (PARTITION_LOCK, number))


@contextmanager
def hold_ownership(connection: Connection, number: int) -> Iterator[bool]:
    """Try to own the partition for the block, or inside a transaction until it ends; yields whether it does.

    A lock of the transaction is used there because a failed statement leaves one in which nothing can be unlocked.
    """
    from psycopg.pq import TransactionStatus

    if connection.info.transaction_status == TransactionStatus.INTRANS:
        row = connection.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (PARTITION_LOCK, number)).fetchone()
        yield bool(row and row[0])
        return
    owned = take_ownership(connection, number)
    try:
        yield owned
    finally:
        if owned and not connection.closed:
            give_up_ownership(connection, number)
