"""Profiles in PostgreSQL: the rows, each with its version and the instant at which it is due."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..storage.arrays import numbers, optional_texts, texts

if TYPE_CHECKING:
    from psycopg import Connection

_PROFILES = (
    "INSERT INTO profile (profile, partition, version, events, value, computed_at, due_at, catalogue_digest)"
    " SELECT profile, partition, version, events, value::json, computed_at::timestamptz, due_at::timestamptz, digest"
    " FROM unnest(%s::text[], %s::smallint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[],"
    " %s::text[]) AS given (profile, partition, version, events, value, computed_at, due_at, digest)"
    " ON CONFLICT (profile) DO UPDATE SET version = excluded.version, events = excluded.events, value = excluded.value,"
    " computed_at = excluded.computed_at, due_at = excluded.due_at, catalogue_digest = excluded.catalogue_digest"
)
_FORWARD = (
    "UPDATE profile SET due_at = given.due_at::timestamptz"
    " FROM unnest(%b::text[], %b::bigint[], %b::text[]) AS given (profile, version, due_at)"
    " WHERE profile.profile = given.profile AND profile.version = given.version"
    " AND (profile.due_at IS NULL OR profile.due_at > given.due_at::timestamptz)"
    " RETURNING profile.profile, profile.partition, ms(profile.due_at)"
)
_PUT_VALUES = (
    "UPDATE profile SET value = given.value::json FROM unnest(%b::text[], %b::text[]) AS given (profile, value)"
    " WHERE profile.profile = given.profile"
)


class ProfileRow(NamedTuple):
    """A row to write: `events` is the number of the last event, `value` JSON text, instants canonical text."""

    profile: str
    partition: int
    version: int
    events: int
    value: str
    computed_at: str
    due_at: str | None


def write_profiles(connection: Connection, rows: Sequence[ProfileRow], digest: str) -> None:
    """Write profiles folded with the catalogue of this digest."""
    connection.execute(
        _PROFILES,
        (
            texts(each.profile for each in rows),
            numbers(each.partition for each in rows),
            numbers(each.version for each in rows),
            numbers(each.events for each in rows),
            texts(each.value for each in rows),
            texts(each.computed_at for each in rows),
            optional_texts(each.due_at for each in rows),
            texts([digest] * len(rows)),
        ),
    )


def bring_forward(connection: Connection, dues: Sequence[tuple[str, int, str]]) -> list[tuple[str, int, int]]:
    """Let profiles of these versions be due earlier; customer, partition and instant (ms) of those that now are.

    `dues` are customers, versions and canonical instants.
    """
    columns = tuple(list(column) for column in zip(*dues, strict=True))
    return connection.execute(_FORWARD, columns).fetchall()


def is_known(connection: Connection, customer: str) -> bool:
    """Whether the customer has a profile."""
    return connection.execute("SELECT FROM profile WHERE profile = %s", (customer,)).fetchone() is not None


def customers(connection: Connection) -> list[str]:
    """The keys of all customers, sorted."""
    return [row[0] for row in connection.execute("SELECT profile FROM profile ORDER BY profile").fetchall()]


def customer_count(connection: Connection) -> int:
    """How many customers are stored."""
    row = connection.execute("SELECT count(*) FROM profile").fetchone()
    return int(row[0]) if row else 0


def put_values(connection: Connection, values: Mapping[str, str]) -> None:
    """Replace the stored values with others, given as JSON text."""
    connection.execute(_PUT_VALUES, (list(values), list(values.values())))


def raise_versions(connection: Connection, profiles: Collection[str]) -> None:
    """Raise the profiles' versions, so that followers write them again."""
    connection.execute("UPDATE profile SET version = version + 1 WHERE profile = ANY(%b)", (list(profiles),))
