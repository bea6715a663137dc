"""Refused values: values of events that their profile field cannot hold. They are missing there, and counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..storage.arrays import numbers, texts

if TYPE_CHECKING:
    from psycopg import Connection

Refused = tuple[int, str, str]  # partition, event type, profile field

_COUNT = (
    "INSERT INTO refused_value (catalogue, partition, type, field, count)"
    " SELECT %s, * FROM unnest(%s::smallint[], %s::text[], %s::text[], %s::bigint[])"
    " ON CONFLICT (partition, catalogue, type, field) DO UPDATE SET count = refused_value.count + excluded.count"
)
_FORGET = "DELETE FROM refused_value WHERE partition = ANY(%s::smallint[]) AND catalogue <> %s"
_COUNTS = (
    "SELECT type, field, sum(count)::bigint FROM refused_value"
    " WHERE catalogue = (SELECT catalogue_digest FROM registry) GROUP BY type, field"
    ' ORDER BY 3 DESC, type COLLATE "C", field COLLATE "C"'
)


def count_refused(connection: Connection, counts: Mapping[Refused, int], catalogue: str) -> None:
    """Add to the counts, inside a transaction that has locked the partitions.

    Counts of other catalogues are deleted: each catalogue counts the events of all customers again.
    """
    if counts:
        partitions, types, fields = zip(*sorted(counts), strict=True)
        connection.execute(_FORGET, (numbers(set(partitions)), catalogue))
        told = numbers(counts[each] for each in sorted(counts))
        connection.execute(_COUNT, (catalogue, numbers(partitions), texts(types), texts(fields), told))


def refused_counts(connection: Connection) -> list[tuple[str, str, int]]:
    """Event type, profile field and how many values, the most first, as the catalogue in force has it."""
    return connection.execute(_COUNTS.encode()).fetchall()
