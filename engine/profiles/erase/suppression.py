"""Who was erased, as keyed hashes, so that a late event brings nobody back.

The key is made once and kept in the database. It hides ids from whoever sees the table alone; whoever has the whole
database can try ids one by one.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg import Connection

KEY = "suppression_key"


class Suppressed:
    """Asks who was erased; it remembers the key, which never changes, so that a check is one question."""

    def __init__(self) -> None:
        self._key = b""

    def __call__(self, connection: Connection, customers: Collection[str]) -> set[str]:
        """Those of the customers who were erased."""
        if not customers:
            return set()
        key = self._key or self._read(connection)
        if not key:
            return set()
        hashes = {suppression_hash(key, customer): customer for customer in customers}
        rows = connection.execute("SELECT hash FROM suppression WHERE hash = ANY(%b)", (list(hashes),)).fetchall()
        return {hashes[bytes(row[0])] for row in rows}

    def _read(self, connection: Connection) -> bytes:
        row = connection.execute("SELECT value FROM fact WHERE name = %s", (KEY,)).fetchone()
        self._key = b"" if row is None else bytes.fromhex(row[0])
        return self._key


def is_suppressed(connection: Connection, customers: Collection[str]) -> set[str]:
    """Those of the customers who were erased."""
    return Suppressed()(connection, customers)


def suppress(connection: Connection, customer: str, at: str) -> None:
    """Let no event bring the customer back; `at` is an instant."""
    made = secrets.token_hex(32)
    connection.execute("INSERT INTO fact (name, value) VALUES (%s, %s) ON CONFLICT DO NOTHING", (KEY, made))
    row = connection.execute("SELECT value FROM fact WHERE name = %s", (KEY,)).fetchone()
    key = bytes.fromhex(row[0] if row else made)
    connection.execute(
        "INSERT INTO suppression (hash, at) VALUES (%s, %s::timestamptz) ON CONFLICT DO NOTHING",
        (suppression_hash(key, customer), at),
    )


def suppression_hash(key: bytes, customer: str) -> bytes:
    """HMAC-SHA-256 of the customer's id."""
    return hmac.digest(key, customer.encode(), "sha256")
