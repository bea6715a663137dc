"""Dead letters: events that could not be processed, stored with the reason until they are replayed or discarded."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..encryption.cipher import UnsealError
from ..encryption.key_file import KeysRefusedError
from ..encryption.vault import Vault
from ..ir.codec import decode
from ..ir.types import Catalogue
from ..runtime.border import SET
from ..runtime.lines import read_line
from .ingest import EventProducer, customer_of, stream_of

if TYPE_CHECKING:
    from psycopg import Connection

PAGE = 500
REPLAYED = 50  # letters that are replayed at once, each of the size of an event
READ_BYTES = 65_536  # longer events are not looked into for a list
NAME_LENGTH = 200

_LIST = (
    "SELECT id, instant(received_at), source, profile, code, reason, instant(replayed_at),"
    " sealed, CASE WHEN octet_length(payload) <= %s THEN payload END FROM dead_letter"
    " WHERE id > %s AND (%s::text IS NULL OR code = %s) AND (%s OR replayed_at IS NULL) ORDER BY id LIMIT %s"
)
_WAITING = (
    "SELECT id, payload, sealed, source FROM dead_letter"
    " WHERE id > %s AND replayed_at IS NULL AND source LIKE 'events:%%'"
    " AND (%s::text IS NULL OR code = %s) AND (%s::bigint[] IS NULL OR id = ANY(%s)) ORDER BY id LIMIT %s"
)
_SHOWN = (
    "SELECT id, instant(received_at), source, profile, code, reason, instant(replayed_at), sealed, payload"
    " FROM dead_letter WHERE id = %s"
)
# What the index refused says why a document is missing, and is marked as done when it is there.
_DISCARD = (
    "DELETE FROM dead_letter WHERE (replayed_at IS NOT NULL) = %s AND source LIKE 'events:%%'"
    " AND (%s::text IS NULL OR code = %s)"
)
_DISCARD_NUMBERED = "DELETE FROM dead_letter WHERE id = ANY(%s) AND source LIKE 'events:%%' RETURNING id"
_NOT_WAITING = "no event of that number waits among the dead letters"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter, without its content; instants are canonical text.

    `event` and `type` are the event's id and type. They are None where they cannot be read, as from what is sealed
    without its key, and where they may be anything: a type that is not declared, and the id of what names no customer.
    """

    id: int
    received_at: str
    source: str
    customer: str | None
    code: str
    reason: str
    replayed_at: str | None
    event: str | None = None
    type: str | None = None


def dead_letters(
    connection: Connection, *, code: str | None = None, replayed: bool = False, vault: Vault | None = None
) -> Iterator[DeadLetter]:
    """The dead letters in the order of their arrival, page by page; with `replayed`, including replayed ones.

    `vault` opens sealed ones.
    """
    last, types = 0, _types(connection)
    while True:
        rows = connection.execute(_LIST, (READ_BYTES, last, code, code, replayed, PAGE)).fetchall()
        if not rows:
            return
        for row in rows:
            yield _letter(row, types, vault)
        last = rows[-1][0]


def dead_letter(
    connection: Connection, number: int, vault: Vault | None = None
) -> tuple[DeadLetter, bytes | None] | None:
    """A dead letter and its content, which is None if it is sealed and does not open; None for an unknown number."""
    row = connection.execute(_SHOWN, (number,)).fetchone() if 0 < number < 1 << 63 else None
    if row is None:
        return None
    return _letter(row, _types(connection), vault), _open_content(row, vault)


def waiting_count(connection: Connection) -> int:
    """How many dead letters wait, including those that the index refused."""
    row = connection.execute("SELECT count(*) FROM dead_letter WHERE replayed_at IS NULL").fetchone()
    return row[0] if row else 0


def discard(connection: Connection, *, code: str | None = None, replayed: bool = False) -> int:
    """Delete waiting dead letters, or with `replayed` the replayed ones, for good; returns how many."""
    return connection.execute(_DISCARD, (replayed, code, code)).rowcount


def discard_numbered(connection: Connection, numbers: Sequence[int]) -> list[int]:
    """Delete dead letters by their numbers, for good; returns the numbers that were not found."""
    rows = connection.execute(_DISCARD_NUMBERED, ([each for each in numbers if 0 < each < 1 << 63],)).fetchall()
    return sorted(set(numbers) - {row[0] for row in rows})


@dataclass(slots=True)
class Replayed:
    """How many letters were put on the queue again, and why the others stay, by their numbers."""

    count: int = 0
    kept: dict[int, str] = field(default_factory=dict)


def replay(
    connection: Connection,
    producer: EventProducer,
    vault: Vault,
    key: str,
    *,
    code: str | None = None,
    ids: Sequence[int] | None = None,
) -> Replayed:
    """Put waiting dead letters on the queue again. Raises QueueFullError.

    A letter that cannot be opened, or was requested and does not wait, stays as it is. An event that still cannot be
    processed becomes a new dead letter, and the old one is marked. Event ids keep a second replay from counting.
    """
    last, done, found = 0, Replayed(), set[int]()
    chosen = None if ids is None else [each for each in ids if 0 < each < 1 << 63]
    while True:
        rows = connection.execute(_WAITING, (last, code, code, chosen, chosen, REPLAYED)).fetchall()
        if not rows:
            done.kept |= {each: _NOT_WAITING for each in ids or () if each not in found}
            return done
        raws: dict[int, bytes] = {}
        for number, payload, sealed, source in rows:
            try:
                raws[number] = vault.open_payload(bytes(payload), source) if sealed else bytes(payload)
            except (KeysRefusedError, UnsealError) as problem:
                done.kept[number] = str(problem)
        producer.put_addressed([(stream_of(customer_of(raw, key), raw), raw) for raw in raws.values()])
        connection.execute("UPDATE dead_letter SET replayed_at = now() WHERE id = ANY(%s)", (list(raws),))
        done.count += len(raws)
        found.update(row[0] for row in rows)
        last = rows[-1][0]


def _letter(row: Sequence[Any], types: Collection[str], vault: Vault | None) -> DeadLetter:
    payload = _open_content(row, vault)
    event, kind = _legible_names(payload)
    found = DeadLetter(*row[:7])
    return replace(found, event=event if found.customer else None, type=kind if kind in types else None)


def _open_content(row: Sequence[Any], vault: Vault | None) -> bytes | None:
    source, sealed, payload = row[2], row[-2], row[-1]
    if payload is None or not sealed:
        return payload if payload is None else bytes(payload)
    try:
        return None if vault is None else vault.open_payload(bytes(payload), source)
    except (KeysRefusedError, UnsealError):
        return None


def _types(connection: Connection) -> set[str]:
    """The types of events that are declared."""
    row = connection.execute("SELECT catalogue FROM registry").fetchone()
    catalogue: Catalogue | None = decode(json.loads(row[0])) if row and row[0] else None
    return {SET} if catalogue is None else {SET, *(each.name for each in catalogue.events)}


def _legible_names(payload: bytes | None) -> Sequence[str | None]:
    """The id and the type of an event, each only if it is a name that fits on a line."""
    value = None if payload is None else read_line(1, bytes(payload)).value
    return (_name(value.get("id")), _name(value.get("type"))) if isinstance(value, dict) else (None, None)


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= NAME_LENGTH and value.isprintable() else None
