"""Small things that belong to no profile and are sealed all the same: definitions of segments, and a secret of hashing.

Each stands as `{"$sealed": base64}` where its plain form would stand: a definition in its segment's row of the table
`segment`, the secret in `fact`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..storage.facts import read_fact, replace_fact
from . import payloads
from .cipher import UnsealError
from .key_file import KeysRefusedError
from .keyring import Keyring
from .sealing import SEALED

if TYPE_CHECKING:
    from psycopg import Connection

    from .vault import Place, Vault

FINGERPRINT = "fingerprint_key"  # the fact that holds the secret of the fingerprints of events

_KEPT = (
    "SELECT 'active', name, active->>'$sealed' FROM segment WHERE active->>'$sealed' IS NOT NULL"
    " UNION ALL SELECT 'building', name, building->>'$sealed' FROM segment WHERE building->>'$sealed' IS NOT NULL"
)
_REPLACE = {
    "active": "UPDATE segment SET active = %s::json WHERE name = %s AND active->>'$sealed' = %s",
    "building": "UPDATE segment SET building = %s::json WHERE name = %s AND building->>'$sealed' = %s",
}


def seal_text(vault: Vault, connection: Connection, plain: bytes, place: Place) -> str:
    """The JSON that stands in the place of something plain."""
    return _text(vault.seal_kept(connection, plain, place))


def open_data(vault: Vault, data: dict[str, Any], place: Place, what: str) -> bytes:
    """What was sealed. Raises KeysRefusedError, which names it as `what`, when it does not open."""
    try:
        return vault.open_kept(raw_of(str(data[SEALED])), place)
    except KeysRefusedError as problem:
        raise type(problem)(f"{what}: {problem}") from None
    except UnsealError as problem:
        raise KeysRefusedError(f"{what} does not open: {problem}") from None


@dataclass(frozen=True, slots=True)
class Kept:
    """One of these things: its column, its row's name, what is sealed, and the id of the master key that opens it."""

    column: Literal["active", "building", "fact"]
    name: str
    sealed: str
    master: str

    @property
    def is_definition(self) -> bool:
        """Whether it is the definition of a segment."""
        return self.column != "fact"


def kept(connection: Connection) -> list[Kept]:
    """All of them. Raises UnsealError for one of a form that this version does not know."""
    rows = connection.execute(_KEPT).fetchall()
    secret = read_fact(connection, FINGERPRINT)
    if secret is not None and secret.startswith("{"):
        rows.append(("fact", FINGERPRINT, json.loads(secret)[SEALED]))
    return [Kept(column, name, sealed, payloads.master_of(raw_of(sealed))) for column, name, sealed in rows]


def rewrap_kept(connection: Connection, keyring: Keyring) -> Iterator[Kept]:
    """Wrap each under the current master key, pass after pass until none is found under another; those it was done to.

    One that is written meanwhile is left to the next pass.
    """
    while stale := [each for each in kept(connection) if each.master != keyring.current.id]:
        for each in stale:
            new = _text(payloads.rewrap(keyring, raw_of(each.sealed)))
            if each.column == "fact":
                replaced = replace_fact(connection, each.name, new, json.dumps({SEALED: each.sealed}))
            else:
                statement = _REPLACE[each.column].encode()
                replaced = connection.execute(statement, (new, each.name, each.sealed)).rowcount > 0
            if replaced:
                yield each


def _text(sealed: bytes) -> str:
    return json.dumps({SEALED: base64.b64encode(sealed).decode()})


def raw_of(text: str) -> bytes:
    """What is sealed, out of its base64. Raises UnsealError."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise UnsealError("it is no base64") from None
