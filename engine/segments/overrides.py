"""Overrides: somebody's word that a customer is in a segment or is not, for ever or for a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg import Connection

_FIND = (
    "SELECT segment, profile, included, reason, instant(created_at), instant(expires_at) FROM override"
    " WHERE segment = %s AND profile = %s"
)


@dataclass(frozen=True, slots=True)
class Overriding:
    """An override as it is kept; instants as text, `expires_at` None for one that stays."""

    segment: str
    customer: str
    included: bool
    reason: str
    created_at: str
    expires_at: str | None


def override_of(connection: Connection, segment: str, customer: str) -> Overriding | None:
    """The override of a customer in a segment, also one that has expired."""
    row = connection.execute(_FIND, (segment, customer)).fetchone()
    return None if row is None else Overriding(*row)
