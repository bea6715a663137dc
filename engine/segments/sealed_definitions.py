"""Definitions as they are kept: readable JSON, or sealed whole where they ask about an encrypted field."""

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


def kept_predicate(connection: Connection, vault: Vault, name: str, predicate: Predicate) -> str:
    """What stands in the row of the segment: its constants are sealed where they are worth as much as values."""
    plain = canonical_bytes(encode(predicate))
    if vault.seals_predicate(predicate):
        return seal_text(vault, connection, plain, ("segment", name))
    return plain.decode()


def opened_predicate(vault: Vault, name: str, data: dict[str, Any]) -> Predicate:
    """The predicate of what stands in the row of the segment. Raises KeysRefusedError when it does not open."""
    if SEALED in data:
        data = json.loads(open_data(vault, data, ("segment", name), f"the definition of `{name}`"))
    predicate: Predicate = decode(data)
    return predicate


def keep_anew(connection: Connection, vault: Vault, *, changed: bool) -> list[str]:
    """Seal the definitions that stand in plain and should not; the segments' names. Holds nobody up: they are few.

    Where the catalogue has `changed`, those that need not be sealed any more stand in plain again. The caller's
    transaction holds all partitions' locks. Raises KeysRefusedError when one does not open.
    """
    found = []
    for name, *columns in connection.execute(_ROWS).fetchall():
        anew = [None if each is None else _anew(connection, vault, name, each, changed=changed) for each in columns]
        if any(anew):
            connection.execute(_PUT, (*anew, name))
            found.append(name)
    return found


def _anew(connection: Connection, vault: Vault, name: str, data: dict[str, Any], *, changed: bool) -> str | None:
    """What is to stand there instead, None where it is right."""
    sealed = SEALED in data
    if not (changed if sealed else vault.seals):
        return None  # so that no key is needed where there is nothing to do
    predicate = opened_predicate(vault, name, data)
    return None if vault.seals_predicate(predicate) is sealed else kept_predicate(connection, vault, name, predicate)


def sealed_definitions(connection: Connection) -> list[tuple[Literal["active", "building"], str, str]]:
    """The definitions that are sealed: column, segment, and what is sealed in base64."""
    return connection.execute(_SEALED).fetchall()


def replace_sealed(
    connection: Connection, column: Literal["active", "building"], name: str, value: str, former: str
) -> bool:
    """Put JSON in the place of a sealed definition, where that still stands; whether it did."""
    return connection.execute(_REPLACE[column].encode(), (value, name, former)).rowcount > 0
