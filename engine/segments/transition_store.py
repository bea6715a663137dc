"""Transitions in PostgreSQL: the authoritative record of who entered and left which segment, and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..ir.instant import format_instant
from ..storage.arrays import flags, numbers, optional_texts, texts
from .transitions import Transition

if TYPE_CHECKING:
    from psycopg import Connection

_TRANSITIONS = (
    "INSERT INTO transition (segment, profile, number, at, reason, digest, cause, silent, partition, seq)"
    " SELECT segment, profile, number, at::timestamptz, reason, digest, cause, silent, partition, seq"
    " FROM unnest(%s::text[], %s::text[], %s::integer[], %s::text[], %s::text[], %s::text[], %s::text[], %s::boolean[],"
    " %s::smallint[], %s::bigint[])"
    " AS given (segment, profile, number, at, reason, digest, cause, silent, partition, seq)"
)
_EXITS = (
    "WITH told AS (SELECT DISTINCT ON (segment) segment, number, digest FROM transition WHERE profile = %(customer)s"
    "  ORDER BY segment, number DESC),"
    " staged AS (SELECT DISTINCT ON (staged.segment) staged.segment, staged.enter, staged.digest"
    "  FROM staged_transition AS staged JOIN segment ON segment.name = staged.segment"
    "  WHERE staged.profile = %(customer)s AND staged.generation <= segment.generation"
    "  ORDER BY staged.segment, staged.generation DESC),"
    " exits AS (SELECT segment, 2 * ((coalesce(told.number, 0) + 2) / 2) AS number,"
    "  coalesce(staged.digest, told.digest) AS digest"
    "  FROM told FULL JOIN staged USING (segment) WHERE mod(told.number, 2) = 1 OR staged.enter)"
    " INSERT INTO transition (segment, profile, number, at, reason, digest, partition, seq)"
    " SELECT segment, %(customer)s, number, %(at)s::timestamptz, 'erasure', digest, %(partition)s, %(seq)s FROM exits"
)


def write_transitions(connection: Connection, rows: Sequence[tuple[Transition, int, int]]) -> None:
    """Write transitions, each with its partition and its place in the partition's order."""
    if not rows:
        return
    connection.execute(
        _TRANSITIONS,
        (
            texts(each.segment for each, _, _ in rows),
            texts(each.profile for each, _, _ in rows),
            numbers(each.number for each, _, _ in rows),
            texts(format_instant(each.at_ms) for each, _, _ in rows),
            texts(each.reason for each, _, _ in rows),
            texts(each.digest for each, _, _ in rows),
            optional_texts(each.cause for each, _, _ in rows),
            flags(each.silent for each, _, _ in rows),
            numbers(partition for _, partition, _ in rows),
            numbers(seq for _, _, seq in rows),
        ),
    )


def write_exits(connection: Connection, customer: str, place: tuple[int, int], at: str) -> None:
    """Write exits from every segment that published transitions say the customer is in; they get even numbers.

    `place` is the partition and the place in its order, `at` a canonical instant.
    """
    partition, seq = place
    arguments = {"customer": customer, "at": at, "partition": partition, "seq": seq}
    connection.execute(_EXITS, arguments)
