"""Definitions as they are stored: readable JSON, or sealed as a whole if they mention an encrypted field."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from ..encryption.sealed_values import open_data, seal_text
from ..encryption.sealing import SEALED
from ..encryption.vault import Vault
from ..ir.canonical import canonical_bytes
from ..ir.codec import decode, encode
from ..ir.predicate import Predicate

if TYPE_CHECKING:
    from psycopg import Connection

_ROWS = "SELECT name, active, building FROM segment WHERE active IS NOT NULL OR building IS NOT NULL ORDER BY name"
_SEALED = (
    "SELECT 'active', name, active->>'$sealed' FROM segment WHERE active->>'$sealed' IS NOT NULL"
    " UNION ALL SELECT 'building', name, building->>'$sealed' FROM segment WHERE building->>'$sealed' IS NOT NULL"
)
_REPLACE = {
    "active": "UPDATE segment SET active = %s::json WHERE name = %s AND active->>'$sealed' = %s",
    "building": "UPDATE segment SET building = %s::json WHERE name = %s AND building->>'$sealed' = %s",
}
_PUT = "UPDATE segment SET active = coalesce(%s::json, active), building = coalesce(%s::json, building) WHERE name = %s"


def stored_predicate(connection: Connection, vault: Vault, name: str, predicate: Predicate) -> str:
    """The predicate as stored in the segment's row: sealed if its constants are as sensitive as values."""
    plain = canonical_bytes(encode(predicate))
    if vault.seals_predicate(predicate):
        return seal_text(vault, connection, plain, ("segment", name))
    return plain.decode()


def open_predicate(vault: Vault, name: str, data: dict[str, Any]) -> Predicate:
    """The predicate stored in the segment's row. Raises KeysRefusedError if it cannot be opened."""
    if SEALED in data:
        data = json.loads(open_data(vault, data, ("segment", name), f"the definition of `{name}`"))
    predicate: Predicate = decode(data)
    return predicate


def reseal_definitions(connection: Connection, vault: Vault, *, changed: bool) -> list[str]:
    """Seal definitions that are stored as plain text and should not be; returns the segments' names.

    If the catalogue has `changed`, definitions that no longer need sealing are stored as plain text again. The caller's
    transaction holds all partitions' locks, but not for long: there are few definitions. Raises KeysRefusedError if one
    cannot be opened.
    """
    found = []
    for name, *columns in connection.execute(_ROWS).fetchall():
        anew = [None if each is None else _reseal(connection, vault, name, each, changed=changed) for each in columns]
        if any(anew):
            connection.execute(_PUT, (*anew, name))
            found.append(name)
    return found


def _reseal(connection: Connection, vault: Vault, name: str, data: dict[str, Any], *, changed: bool) -> str | None:
    """What should be stored instead, None if it is correct already."""
    sealed = SEALED in data
    if not (changed if sealed else vault.seals):
        return None  # so that no key is needed when there is nothing to do
    predicate = open_predicate(vault, name, data)
    return None if vault.seals_predicate(predicate) is sealed else stored_predicate(connection, vault, name, predicate)


def sealed_definitions(connection: Connection) -> list[tuple[Literal["active", "building"], str, str]]:
    """The sealed definitions: column, segment, and the sealed data in base64."""
    return connection.execute(_SEALED).fetchall()


def replace_sealed(
    connection: Connection, column: Literal["active", "building"], name: str, value: str, former: str
) -> bool:
    """Replace a sealed definition with JSON if it is still the `former` one; returns whether it was."""
    return connection.execute(_REPLACE[column].encode(), (value, name, former)).rowcount > 0
