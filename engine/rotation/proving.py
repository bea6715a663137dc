"""Before keys are changed: whoever changes them must hold every key that seals something, and not just its id.

With a key file of another installation nothing could be wrapped anew, and yet its key would be in force by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..encryption import payloads
from ..encryption.cipher import UnsealError
from ..encryption.data_keys import context_of
from ..encryption.in_use import hash_keys_in_use
from ..encryption.key_file import KeysRefusedError
from ..encryption.keyring import Keyring
from ..encryption.sealed_values import raw_of
from .sealed_values import sealed_entries

if TYPE_CHECKING:
    from psycopg import Connection

PAGE = 500

_DATA_KEYS = (
    "SELECT profile, wrapped, master FROM profile_key"
    " WHERE profile IN (SELECT min(profile) FROM profile_key GROUP BY master)"
)
_HEADS = "SELECT id, substring(payload FOR %s) FROM dead_letter WHERE id > %s AND sealed ORDER BY id LIMIT %s"


def refuse_other_keys(connection: Connection, keyring: Keyring) -> None:
    """Open one thing of each kind with each master key that seals some, and ask for the hash key that is searched.

    A master key that is in force and seals nothing may be missing. Raises KeyMissingError, or KeysRefusedError where a
    key is there by its id alone; nothing has been changed by then.
    """
    for profile, wrapped, name in connection.execute(_DATA_KEYS).fetchall():
        try:
            keyring.master(name).unwrap(bytes(wrapped), context_of(profile))
        except UnsealError as problem:
            raise _unlike(name, problem) from None
    for sealed in _samples(connection):
        try:
            payloads.open_key(keyring, sealed)
        except UnsealError as problem:
            raise _unlike(payloads.master_of(sealed), problem) from None
    keyring.hash_key(hash_keys_in_use(connection, keyring).searched)


def letter_heads(connection: Connection) -> Iterator[bytes]:
    """What each sealed dead letter begins with: the id of its master key, and its own key, wrapped."""
    last = 0
    while rows := connection.execute(_HEADS, (payloads.HEAD, last, PAGE)).fetchall():
        for _, head in rows:
            yield bytes(head)
        last = rows[-1][0]


def _samples(connection: Connection) -> Iterator[bytes]:
    """A sealed payload of each kind for each master key."""
    for kind in (letter_heads(connection), (raw_of(each.sealed) for each in sealed_entries(connection))):
        seen: set[str] = set()
        for sealed in kind:
            name = payloads.master_of(sealed)
            if name not in seen:
                seen.add(name)
                yield sealed


def _unlike(name: str, problem: UnsealError) -> KeysRefusedError:
    return KeysRefusedError(
        f"the master key `{name}` does not open what the database says it has sealed: {problem}. Nothing was changed;"
        " name the key file that the workers have"
    )
