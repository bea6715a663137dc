"""Overrides: manual statements that a customer is in a segment or is not, permanently or for a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg import Connection

_PUT = (
    "INSERT INTO override (segment, profile, included, reason, created_at, expires_at)"
    " VALUES (%s, %s, %s, %s, %s::timestamptz, %s::timestamptz) ON CONFLICT (segment, profile) DO UPDATE SET"
    " included = excluded.included, reason = excluded.reason, created_at = excluded.created_at,"
    " expires_at = excluded.expires_at"
)
_DROP = "DELETE FROM override WHERE segment = %s AND profile = %s RETURNING profile"
_STANDING = (
    "SELECT segment, profile, included FROM override"
    " WHERE segment = ANY(%s) AND (expires_at IS NULL OR expires_at > %s::timestamptz)"
)
_FIND = (
    "SELECT segment, profile, included, reason, instant(created_at), instant(expires_at) FROM override"
    " WHERE segment = %s AND profile = %s"
)


@dataclass(frozen=True, slots=True)
class StoredOverride:
    """An override as it is stored; instants are text, and `expires_at` is None for a permanent one."""

    segment: str
    customer: str
    included: bool
    reason: str
    created_at: str
    expires_at: str | None


def override_of(connection: Connection, segment: str, customer: str) -> StoredOverride | None:
    """The override of a customer in a segment, even if it has expired."""
    row = connection.execute(_FIND, (segment, customer)).fetchone()
    return None if row is None else StoredOverride(*row)


def standing_overrides(connection: Connection, segments: Collection[str], now: str) -> dict[str, dict[str, bool]]:
    """For each segment, the customers who are put in (True) or kept out (False) at the instant `now`."""
    found: dict[str, dict[str, bool]] = {name: {} for name in segments}
    for segment, customer, included in connection.execute(_STANDING, (list(segments), now)):
        found[segment][customer] = included
    return found


def put_override(connection: Connection, override: StoredOverride) -> None:
    """Store an override, replacing an existing one."""
    values = (override.segment, override.customer, override.included, override.reason)
    connection.execute(_PUT, (*values, override.created_at, override.expires_at))


def drop_override(connection: Connection, segment: str, customer: str) -> bool:
    """Remove an override; returns whether there was one."""
    return connection.execute(_DROP, (segment, customer)).fetchone() is not None


def forget_overrides(connection: Connection, segment: str) -> None:
    """Delete the overrides of a segment."""
    connection.execute("DELETE FROM override WHERE segment = %s", (segment,))
