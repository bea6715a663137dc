"""Dead letters in PostgreSQL: writing, sealing in place, and deleting."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from .letter_codes import LetterCode

if TYPE_CHECKING:
    from psycopg import Connection

_WRITE = (
    "INSERT INTO dead_letter (received_at, source, profile, code, reason, payload, sealed)"
    " SELECT %s::timestamptz, source, profile, code, reason, payload, sealed"
    " FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::bytea[], %b::boolean[])"
    " AS given (source, profile, code, reason, payload, sealed) ON CONFLICT (source) DO NOTHING"
)
_REFUSED: Final = (
    "INSERT INTO dead_letter (received_at, source, profile, code, reason, payload, sealed)"
    " SELECT now(), source, profile, %s, reason, payload, false"
    " FROM unnest(%b::text[], %b::text[], %b::text[], %b::bytea[]) AS given (source, profile, reason, payload)"
    " ON CONFLICT (source) DO UPDATE SET received_at = excluded.received_at, reason = excluded.reason,"
    " payload = excluded.payload, replayed_at = NULL"
)
_TAKEN: Final = "UPDATE dead_letter SET replayed_at = now() WHERE source = ANY(%s) AND replayed_at IS NULL"
_PUT: Final = (
    "UPDATE dead_letter SET payload = %s, sealed = true, reason = coalesce(%s, reason) WHERE id = %s AND payload = %s"
)


class LetterRow(NamedTuple):
    """A letter to write; `source` says where it comes from and is unique."""

    source: str
    profile: str | None
    code: LetterCode
    reason: str
    payload: bytes
    sealed: bool


def write_letter_rows(connection: Connection, letters: Sequence[LetterRow], received_at: str) -> None:
    """Write letters; one whose source is already stored stays as it is."""
    columns = tuple(list(column) for column in zip(*letters, strict=True))
    connection.execute(_WRITE, (received_at, *columns))


def write_refused(connection: Connection, letters: Sequence[tuple[str, str, str, bytes]]) -> None:
    """Write what an index refuses: source, customer, reason, payload; what stands under the source is replaced."""
    code: LetterCode = "refused"
    connection.execute(_REFUSED, (code, *(list(column) for column in zip(*letters, strict=True))))


def note_accepted(connection: Connection, sources: Collection[str]) -> None:
    """Note that an index has taken in what it refused before."""
    connection.execute(_TAKEN, (list(sources),))


def put_sealed(connection: Connection, number: int, sealed: bytes, former: bytes, reason: str | None = None) -> bool:
    """Replace a letter's payload, and its reason if one is given, if it is unchanged; returns whether it was."""
    return connection.execute(_PUT, (sealed, reason, number, former)).rowcount > 0


def delete_letters(connection: Connection, numbers: Collection[int]) -> None:
    """Delete letters by their numbers."""
    connection.execute("DELETE FROM dead_letter WHERE id = ANY(%s)", (list(numbers),))
