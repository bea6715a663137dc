"""Dead letters and the keys that they are sealed with: all of them wrapped anew, and those sealed that stand in plain.

A letter stands in plain that was kept before there were keys. What the index refused holds no event, and is not sealed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..encryption import payloads
from ..encryption.cipher import UnsealError
from ..encryption.in_use import master_to_seal_with
from ..encryption.keyring import Keyring
from ..profiles.letter_store import put_sealed
from ..runtime.border import without_names

if TYPE_CHECKING:
    from psycopg import Connection

PAGE = 50  # letters that are read, each of the size of an event
LOOK = 1_000  # letters of which is asked how they stand

_SEALED = "SELECT id, source, payload FROM dead_letter WHERE id > %s AND sealed ORDER BY id LIMIT %s"
_STANDING = "SELECT id, NOT sealed AND source LIKE 'events:%%' FROM dead_letter WHERE id > %s ORDER BY id LIMIT %s"
_PLAIN = "SELECT id, source, payload, reason FROM dead_letter WHERE id = ANY(%s) AND NOT sealed"


def rewrap_letters(connection: Connection, keyring: Keyring) -> int:
    """Wrap each sealed letter under the newest master key; how many. One that was bound to no source is bound to it."""
    count, last = 0, 0
    while rows := connection.execute(_SEALED, (last, PAGE)).fetchall():
        last = rows[-1][0]
        for number, source, raw in rows:
            payload = bytes(raw)
            if payloads.master_of(payload) != keyring.current.id:
                new = _anew(keyring, payload, source)
                count += put_sealed(connection, number, new, payload)
    return count


def seal_plain_letters(connection: Connection, keyring: Keyring, after: int = 0) -> tuple[int, int | None]:
    """Look at some letters behind `after`, and seal those that stand in plain: how many, and how far that came.

    What undeclared members are called goes from their reasons, as it is sealed with them.
    The place is None where there were no more.
    """
    rows = connection.execute(_STANDING, (after, LOOK)).fetchall()
    if not rows:
        return 0, None
    plain = [number for number, is_plain in rows if is_plain]
    if not plain:
        return 0, rows[-1][0]
    count = 0
    with connection.transaction():
        master = keyring.master(master_to_seal_with(connection, keyring))
        for number, source, raw, reason in connection.execute(_PLAIN, (plain[:PAGE],)).fetchall():
            sealed = payloads.seal_letter(master, bytes(raw), source)
            count += put_sealed(connection, number, sealed, raw, without_names(reason))
    return count, plain[PAGE - 1] if len(plain) > PAGE else rows[-1][0]


def seal_all_plain_letters(connection: Connection, keyring: Keyring) -> int:
    """Seal every letter that stands in plain; how many."""
    total, after = 0, 0
    while True:
        count, last = seal_plain_letters(connection, keyring, after)
        total += count
        if last is None:
            return total
        after = last


def plain_letters(connection: Connection) -> int:
    """How many letters stand in plain."""
    row = connection.execute("SELECT count(*) FROM dead_letter WHERE NOT sealed AND source LIKE 'events:%'").fetchone()
    return int(row[0]) if row else 0


def _anew(keyring: Keyring, payload: bytes, source: str) -> bytes:
    try:
        return payloads.seal_letter(keyring.current, payloads.open_letter(keyring, payload, source), source)
    except UnsealError:
        return payloads.rewrap(keyring, payload)  # its content does not open, and it stays for whoever looks into that
