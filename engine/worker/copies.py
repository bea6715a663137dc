"""Serving copies and memberships as PostgreSQL has them, for customers who are published again.

As after a live change, a copy says when a windowed aggregate next changes by time alone, and to which value. This
takes the events in the windows; customers are read in groups small enough for their events to fit in memory.

Everything is read at one moment: if a customer were erased between two queries, values could lack their key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..encryption.cipher import UnsealError
from ..encryption.key_file import KeysRefusedError
from ..encryption.vault import Vault
from ..ir.codec import decode
from ..ir.instant import format_instant
from ..profiles.event_store import read_events
from ..profiles.serving import STILL, Slide, pack
from ..segments.definitions import Live
from ..segments.registry import Registry
from ..storage.batches import batch_by_events

if TYPE_CHECKING:
    from psycopg import Connection

_COLUMNS = "SELECT profile, version, events, value, ms(computed_at), ms(due_at) FROM profile"
_THESE = f"{_COLUMNS} WHERE profile = ANY(%s)"
_PAGE = f"{_COLUMNS} WHERE partition = %s AND profile > %s ORDER BY profile LIMIT %s"
_CATALOGUE = (
    "SELECT catalogue_digest, CASE WHEN catalogue_digest IS DISTINCT FROM %s THEN catalogue END FROM registry"
    " WHERE catalogue IS NOT NULL"
)
# A rebuild's decisions count from the switch on, before they are appended as transitions.
_MEMBERSHIPS = (
    "SELECT DISTINCT ON (profile, segment) profile, segment, member FROM ("
    " SELECT profile, segment, 0::bigint AS generation, number, mod(number, 2) = 1 AS member FROM transition"
    " WHERE profile = ANY(%(profiles)s)"
    " UNION ALL SELECT staged.profile, staged.segment, staged.generation, 0, staged.enter"
    " FROM staged_transition AS staged JOIN segment ON segment.name = staged.segment"
    " AND staged.generation <= segment.generation WHERE staged.profile = ANY(%(profiles)s)"
    ") AS both_kinds ORDER BY profile, segment, generation DESC, number DESC"
)

Row = tuple[str, int, int, dict[str, Any], int, "int | None"]


@dataclass(frozen=True, slots=True)
class Copy:
    """A customer's serving copy as text, and when the customer is next due."""

    profile: str
    packed: str
    due_ms: int | None


class Copies:
    """Makes serving copies from the committed rows."""

    def __init__(self, connection: Connection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault
        self._digest: str | None = None
        self._live: Live | None = None

    def of(self, profiles: Sequence[str]) -> list[Copy]:
        """The copies of those customers who have a row."""
        return self._select(_THESE, (list(profiles),)) if profiles else []

    def page(self, partition: int, after: str, limit: int) -> list[Copy]:
        """The copies of a partition's next customers in key order."""
        return self._select(_PAGE, (partition, after, limit))

    def _select(self, statement: str, values: Sequence[Any]) -> list[Copy]:
        from psycopg.pq import TransactionStatus

        connection = self._connection
        if connection.info.transaction_status == TransactionStatus.IDLE:
            with connection.transaction():
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                return self._pack_rows(connection.execute(statement.encode(), values).fetchall())
        try:
            return self._pack_rows(connection.execute(statement.encode(), values).fetchall())
        except UnsealError:  # each query has its own moment here; a customer erased in between is gone in the next one
            return self._pack_rows(connection.execute(statement.encode(), values).fetchall())

    def _pack_rows(self, rows: Sequence[Row]) -> list[Copy]:
        live = self._current() if rows else None
        keys_of = self._vault.serving_keys(self._connection, [row[0] for row in rows])
        slides = {} if live is None else self._slides(rows, live)
        found = []
        for profile, version, _events, value, computed_ms, due_ms in rows:
            packed = pack(version, computed_ms, value, slides.get(profile, STILL), key=keys_of.get(profile))
            found.append(Copy(profile, packed, due_ms))
        return found

    def _slides(self, rows: Sequence[Row], live: Live) -> dict[str, Slide]:
        found: dict[str, Slide] = {}
        for group in batch_by_events(rows, _count):
            computed_ms = min(row[4] for row in group)
            since_ms = computed_ms - live.longest_window_ms
            events: dict[str, list[dict[str, Any]]] = {}
            for profile, event in read_events(
                self._connection,
                [row[0] for row in group],
                self._vault,
                live.key,
                only=(live.windowed_types, format_instant(max(since_ms, 0)), format_instant(computed_ms)),
            ):
                events.setdefault(profile, []).append(event)
            for profile, _version, _events, value, computed_ms, _due_ms in group:
                if profile in events:
                    found[profile] = live.slide(value, events[profile], computed_ms)
        return found

    def _current(self) -> Live | None:
        """The catalogue, ready to use and read again when it has changed; None before there is one.

        Raises KeysRefusedError if it encrypts fields that the vault does not: nobody could open such copies.
        """
        row = self._connection.execute(_CATALOGUE, (self._digest,)).fetchone()
        if row is None:
            return None
        digest, catalogue = row
        if catalogue is not None:
            known = decode(json.loads(catalogue))
            if not self._vault.covers(known):
                raise KeysRefusedError(
                    "the catalogue encrypts fields that this process treats as plain text, so it cannot write serving"
                    " copies: restart it with keys"
                )
            self._digest, self._live = digest, Live(Registry(0, known, {}, {}), known)
        return self._live


def memberships(connection: Connection, profiles: Sequence[str]) -> Mapping[str, Mapping[str, bool]]:
    """For each customer, the segments that they have ever been in, and whether they are a member now."""
    found: dict[str, dict[str, bool]] = {profile: {} for profile in profiles}
    for profile, segment, member in connection.execute(_MEMBERSHIPS, {"profiles": list(profiles)}):
        found[profile][segment] = member
    return found


def _count(row: Row) -> int:
    return row[2]
