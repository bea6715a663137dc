"""Erased customers as keyed hashes, so that a late event does not bring one back.

The key is made once and kept in the database. It hides ids from whoever sees the table alone; whoever has the whole
database can try ids one by one.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from ..storage.arrays import blobs
from ..storage.facts import ask_fact, put_new_fact

if TYPE_CHECKING:
    from psycopg import Connection

KEY = "suppression_key"


class Suppressed:
    """Checks which customers were erased; it remembers the key, so that a check is one query.

    The key of a database never changes; one that was restored, or is another, has another, so each connection needs its
    own.
    """

    def __init__(self) -> None:
        self._key = b""

    def __call__(self, connection: Connection, customers: Collection[str]) -> set[str]:
        """Those of the customers who were erased."""
        return self.ask(connection, customers)()

    def ask(self, connection: Connection, customers: Collection[str]) -> Callable[[], set[str]]:
        """Ask that; what comes back gives the answer, in a pipeline with those to the questions that follow."""
        if not customers:
            return set
        if not self._key:
            row = ask_fact(connection, KEY)
            return lambda: self._answer(connection, customers, row.fetchone())
        hashes = {suppression_hash(self._key, customer): customer for customer in customers}
        asked = connection.execute("SELECT hash FROM suppression WHERE hash = ANY(%s::bytea[])", (blobs(hashes),))
        return lambda: {hashes[bytes(hash_)] for (hash_,) in asked.fetchall()}

    def _answer(self, connection: Connection, customers: Collection[str], row: tuple[str] | None) -> set[str]:
        if row is None:
            return set()
        self._key = bytes.fromhex(row[0])
        return self(connection, customers)


def suppress(connection: Connection, customer: str, at: str) -> None:
    """Prevent events from bringing the customer back; `at` is an instant."""
    key = bytes.fromhex(put_new_fact(connection, KEY, secrets.token_hex(32)))
    connection.execute(
        "INSERT INTO suppression (hash, at) VALUES (%s, %s::timestamptz) ON CONFLICT DO NOTHING",
        (suppression_hash(key, customer), at),
    )


def suppression_hash(key: bytes, customer: str) -> bytes:
    """HMAC-SHA-256 of the customer's id."""
    return hmac.digest(key, customer.encode(), "sha256")
