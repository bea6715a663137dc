"""The history of events in PostgreSQL: partitioned by month, with every id stored once in a table of its own.

Events from years ago are mostly strays and imports. They have one partition per year, so that odd times create few
tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..encryption.vault import Vault
from ..ir.instant import LAST_MS, format_instant
from ..storage.arrays import blobs, flags, numbers, texts

if TYPE_CHECKING:
    from psycopg import Connection

FIRST_YEAR, LAST_YEAR = 2000, 2199  # what lies before or after is in a partition for all of that
MONTHLY_YEARS = 3  # before the present one; a year further back has one partition, unless it has months already
AHEAD_MS = 7 * 86_400_000  # how long before a month begins its partition is made
MONTHS_LOCK = 0x0DEC_0002
LOCK_SECONDS = 5

_TAKE = (
    "INSERT INTO event_id (id, fingerprint, profile)"
    " SELECT * FROM unnest(%s::text[], %s::bytea[], %s::text[]) AS given (id, fingerprint, profile)"
    " ORDER BY id ON CONFLICT DO NOTHING RETURNING id"
)
_TAKEN = "SELECT id, fingerprint FROM event_id WHERE id = ANY(%s::text[])"
# An erasure that takes such an id away waits, and then finds the other content that is flagged here.
_HELD = "SELECT id, fingerprint FROM event_id WHERE id = ANY(%s::text[]) ORDER BY id FOR KEY SHARE"
_FLAG = (
    "INSERT INTO event_conflict (id, fingerprint, profile)"
    " SELECT * FROM unnest(%s::text[], %s::bytea[], %s::text[]) AS given (id, fingerprint, profile)"
    " ORDER BY id, fingerprint ON CONFLICT DO NOTHING RETURNING id, fingerprint"
)
_KEEP = (
    "INSERT INTO event (profile, position, at, id, type, customer, data, conflict, received_at)"
    " SELECT profile, position, at::timestamptz, id, type, customer, data::json, conflict, received_at::timestamptz"
    " FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::boolean[],"
    " %s::text[]) AS given (profile, position, at, id, type, customer, data, conflict, received_at)"
)

_EVENTS = (
    "SELECT profile, id, type, instant(at), customer, data, position FROM event WHERE profile = ANY(%b)"
    " ORDER BY profile, at, position"
)
_WINDOWED = (
    "SELECT profile, id, type, instant(at), customer, data, position FROM event WHERE profile = ANY(%b)"
    " AND (type = ANY(%b) AND at >= %b::timestamptz OR at > %b::timestamptz) ORDER BY profile, at, position"
)
_PUT_EVENTS = (
    "UPDATE event SET data = given.data::json"
    " FROM unnest(%b::text[], %b::bigint[], %b::text[], %b::text[]) AS given (profile, position, at, data)"
    " WHERE event.profile = given.profile AND event.position = given.position AND event.at = given.at::timestamptz"
)
# Whoever is just flagging another content of such an id is waited for, and seen by the statement after.
_HOLD_IDS = "SELECT count(*) FROM (SELECT id FROM event_id WHERE profile = %(customer)s ORDER BY id FOR UPDATE) AS held"
_HAND_ON_IDS = (
    "WITH heir AS (SELECT DISTINCT ON (conflict.id) conflict.id, conflict.fingerprint, conflict.profile"
    "  FROM event_conflict AS conflict JOIN event_id ON event_id.id = conflict.id AND event_id.profile = %(customer)s"
    "  WHERE conflict.profile <> %(customer)s ORDER BY conflict.id, conflict.fingerprint),"
    " done AS (DELETE FROM event_conflict USING heir WHERE event_conflict.id = heir.id"
    "  AND event_conflict.fingerprint = heir.fingerprint)"
    " UPDATE event_id SET fingerprint = heir.fingerprint, profile = heir.profile FROM heir WHERE event_id.id = heir.id"
)
_PARTITIONS = (
    "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = 'event'::regclass"
)

Print = tuple[str, bytes, str]  # an event's id, its fingerprint and its profile


class Months:
    """The partitions of the history; each is created before the first event of its time is stored."""

    def __init__(self) -> None:
        self._made: set[str] = set()

    def make(self, connection: Connection, times: Iterable[str], now_ms: int) -> None:
        """Make what is missing for events at these canonical instants, and soon for all; outside of a transaction.

        Raises OperationalError when PostgreSQL does not let it within some seconds; nobody waits behind it meanwhile.
        """
        wanted = {time[:7] for time in times}
        if wanted:
            wanted.add(format_instant(min(now_ms + AHEAD_MS, LAST_MS))[:7])
        for month in sorted(wanted - self._made):
            if FIRST_YEAR <= int(month[:4]) <= LAST_YEAR:
                _make(connection, month, int(format_instant(now_ms)[:4]))
            self._made.add(month)


def _make(connection: Connection, month: str, present: int) -> None:
    """Make the month's partition, or its year's, if there is neither."""
    with connection.transaction():
        connection.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'".encode())
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (MONTHS_LOCK,))
        there = {row[0] for row in connection.execute(_PARTITIONS)}
        year, number = int(month[:4]), int(month[5:])
        whole, part = f"event_{year}", f"event_{year}_{number:02}"
        if whole in there or part in there:
            return
        if year < present - MONTHLY_YEARS and not any(name.startswith(f"{whole}_") for name in there):
            name, since, until = whole, f"{year}-01", f"{year + 1}-01"
        else:
            name, since, until = part, month, f"{year + number // 12}-{number % 12 + 1:02}"
        # Made by itself and attached, it keeps neither readers nor writers of the others waiting.
        connection.execute(f"CREATE TABLE {name} (LIKE event INCLUDING ALL)".encode())
        bounds = f"FROM ('{since}-01T00:00:00Z') TO ('{until}-01T00:00:00Z')"
        connection.execute(f"ALTER TABLE event ATTACH PARTITION {name} FOR VALUES {bounds}".encode())


def unseen_events(connection: Connection, prints: Sequence[Print]) -> dict[int, bool]:
    """The events to store, by their place; True marks one whose id was stored before with other content.

    An event whose id and fingerprint were stored before is left out. Runs inside a transaction at READ COMMITTED.
    """
    first: dict[str, int] = {}
    for place, (name, _, _) in enumerate(prints):
        first.setdefault(name, place)
    kept, stored = _taken_ids(connection, prints, first)
    differing = {
        prints[place][:2]: place
        for place in reversed(range(len(prints)))
        if place not in kept and stored[prints[place][0]] != prints[place][1]
    }
    if differing:
        flagged = connection.execute(_FLAG, _columns(prints, differing.values()))
        kept.update({differing[name, bytes(fingerprint)]: True for name, fingerprint in flagged})
    return kept


def _taken_ids(
    connection: Connection, prints: Sequence[Print], first: Mapping[str, int]
) -> tuple[dict[int, bool], dict[str, bytes]]:
    """The events that took their id, and the fingerprint under each id, which stays there until the transaction ends.

    An id that somebody had may be free a moment later, as its customer is erased; then it is taken after all.
    """
    kept: dict[int, bool] = {}
    stored: dict[str, bytes] = {}
    while free := {name: place for name, place in first.items() if name not in stored}:
        for (name,) in connection.execute(_TAKE, _columns(prints, free.values())).fetchall():
            kept[free[name]] = False
            stored[name] = prints[free[name]][1]
        others = [name for name in free if name not in stored]
        found = _write_fingerprints(connection, _TAKEN, others)
        differing = {name for name, fingerprint, _ in prints if found.get(name, fingerprint) != fingerprint}
        stored |= {name: each for name, each in found.items() if name not in differing}
        stored |= _write_fingerprints(connection, _HELD, sorted(differing))
    return kept, stored


def _write_fingerprints(connection: Connection, statement: str, names: list[str]) -> dict[str, bytes]:
    if not names:
        return {}
    return {name: bytes(each) for name, each in connection.execute(statement.encode(), (texts(names),)).fetchall()}


def _columns(prints: Sequence[Print], places: Iterable[int]) -> tuple[str, str, str]:
    chosen = [prints[place] for place in places]
    return texts(each[0] for each in chosen), blobs(each[1] for each in chosen), texts(each[2] for each in chosen)


def keep(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append to the history. A row has the columns of the table, with `data` as JSON text and instants as text."""
    before = [texts(row["profile"] for row in rows), numbers(row["position"] for row in rows)]
    middle = [texts(row[name] for row in rows) for name in ("at", "id", "type", "customer", "data")]
    after = [flags(row["conflict"] for row in rows), texts(row["received_at"] for row in rows)]
    connection.execute(_KEEP, (*before, *middle, *after))


def read_events(
    connection: Connection,
    profiles: Sequence[str],
    vault: Vault,
    key: str,
    *,
    only: tuple[Sequence[str], str, str] | None = None,
) -> Iterable[tuple[str, dict[str, Any]]]:
    """Canonical events with their profile, profiles in key order, each one's events in event order.

    `only` leaves those of some types from an instant on, and all after another instant.
    """
    if only is None:
        rows = connection.execute(_EVENTS, (list(profiles),)).fetchall()
    else:
        types, since, after = only
        rows = connection.execute(_WINDOWED, (list(profiles), list(types), since, after)).fetchall()
    kept = [
        (profile, {"id": name, "position": position, "type": kind, "data": data})
        for profile, name, kind, _, _, data, position in rows
    ]
    opened = vault.open_events(connection, kept)
    for (profile, name, kind, time, customer, _, _), data in zip(rows, opened, strict=True):
        yield profile, {"id": name, "type": kind, key: customer, "time": time, "data": data}


def put_data(connection: Connection, rows: Sequence[tuple[str, int, str, str]]) -> None:
    """Put data in the place of what is kept; a row has the customer, the event's position, its instant, JSON text."""
    connection.execute(_PUT_EVENTS, tuple(list(column) for column in zip(*rows, strict=True)))


def hand_on_ids(connection: Connection, customer: str) -> None:
    """Assign ids of the customer's events that another customer has used as well to that other customer."""
    for statement in (_HOLD_IDS, _HAND_ON_IDS):
        connection.execute(statement, {"customer": customer})
