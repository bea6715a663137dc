"""The secret key of the events' fingerprints: created once, and then the same for every worker.

A fingerprint covers a whole event, including its encrypted fields, so the secret is sealed if fields are encrypted.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

from ..encryption.sealed_values import FINGERPRINT, open_data, seal_text
from ..encryption.vault import Vault
from ..storage.facts import put_fact, put_new_fact, read_fact, read_locked_fact

if TYPE_CHECKING:
    from psycopg import Connection

_PLACE = ("fact", FINGERPRINT)


def fingerprint_secret(connection: Connection, vault: Vault) -> bytes:
    """The secret, read in the caller's transaction. A plain one that must be sealed is sealed, and stays the same.

    Raises KeysRefusedError if it is sealed and does not open.
    """
    found = read_fact(connection, FINGERPRINT)
    if found is None:
        # Whoever makes one at the same time is waited for, and theirs is taken.
        found = put_new_fact(connection, FINGERPRINT, _stored_secret(connection, vault, secrets.token_bytes(32)))
    if vault.seals and not _is_sealed(found):
        found = read_locked_fact(connection, FINGERPRINT) or found
        if not _is_sealed(found):
            found = _stored_secret(connection, vault, bytes.fromhex(found))
            put_fact(connection, FINGERPRINT, found)
    if _is_sealed(found):
        return open_data(vault, json.loads(found), _PLACE, "the secret of event fingerprints")
    return bytes.fromhex(found)


def _stored_secret(connection: Connection, vault: Vault, secret: bytes) -> str:
    return seal_text(vault, connection, secret, _PLACE) if vault.seals else secret.hex()


def _is_sealed(value: str) -> bool:
    return value.startswith("{")
