"""Dead letters of which nobody can read whose they are."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..encryption.cipher import UnsealError
from ..encryption.key_file import KeysRefusedError
from ..profiles.letter_store import delete_letters
from .mention import mentions
from .place import Stage, Stores

PAGE = 50  # letters looked at in one step, each of the size of an event

_UNREADABLE = (
    "SELECT id, payload, sealed, source FROM dead_letter WHERE profile IS NULL AND id > %s ORDER BY id LIMIT %s"
)


@dataclass(slots=True)
class UnreadableLetters:
    """Dead letters whose customer could not be read, but whose text names the customer (see mention.py).

    One that does not open keeps nobody from being erased: it is passed over, and its number is in `closed`.
    """

    stores: Stores
    name: str = "dead_letter (unreadable)"
    store: str = "PostgreSQL"
    stage: Stage = "record"
    closed: tuple[int, ...] = field(default=(), init=False)

    def count(self, customer: str) -> int:
        """How many there are."""
        return len(self._find(customer))

    def erase(self, customer: str) -> None:
        """Delete them."""
        delete_letters(self.stores.connection, self._find(customer))

    def _find(self, customer: str) -> list[int]:
        found: list[int] = []
        closed: list[int] = []
        last = 0
        while rows := self.stores.connection.execute(_UNREADABLE, (last, PAGE)).fetchall():
            last = rows[-1][0]
            for number, payload, sealed, source in rows:
                try:
                    raw = self.stores.vault.open_payload(bytes(payload), source) if sealed else bytes(payload)
                except (KeysRefusedError, UnsealError):
                    closed.append(number)
                    continue
                if mentions(raw, customer, self.stores.key):
                    found.append(number)
        self.closed = tuple(closed)
        return found
