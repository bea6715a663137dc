"""Sealed values that belong to no profile, definitions and the secret of fingerprints, wrapped under another key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..encryption import payloads
from ..encryption.keyring import Keyring
from ..encryption.sealed_values import FINGERPRINT, raw_of, text_of
from ..encryption.sealing import SEALED
from ..segments.sealed_definitions import replace_sealed, sealed_definitions
from ..storage.facts import read_fact, replace_fact

if TYPE_CHECKING:
    from psycopg import Connection

Column = Literal["active", "building", "fact"]


@dataclass(frozen=True, slots=True)
class Kept:
    """One of these values: its column, its row's name, what is sealed, and the id of the master key that opens it."""

    column: Column
    name: str
    sealed: str
    master: str

    @property
    def is_definition(self) -> bool:
        """Whether it is the definition of a segment."""
        return self.column != "fact"


def sealed_entries(connection: Connection) -> list[Kept]:
    """All of them. Raises UnsealError for one of a form that this version does not know."""
    rows: list[tuple[Column, str, str]] = [*sealed_definitions(connection)]
    secret = read_fact(connection, FINGERPRINT)
    if secret is not None and secret.startswith("{"):
        rows.append(("fact", FINGERPRINT, json.loads(secret)[SEALED]))
    return [Kept(column, name, sealed, payloads.master_of(raw_of(sealed))) for column, name, sealed in rows]


def rewrap_kept(connection: Connection, keyring: Keyring) -> Iterator[Kept]:
    """Wrap each under the current master key, pass after pass until none is found under another; those it was done to.

    One that is written meanwhile is left to the next pass.
    """
    while stale := [each for each in sealed_entries(connection) if each.master != keyring.current.id]:
        for each in stale:
            new = text_of(payloads.rewrap(keyring, raw_of(each.sealed)))
            if each.column == "fact":
                replaced = replace_fact(connection, each.name, new, json.dumps({SEALED: each.sealed}))
            else:
                replaced = replace_sealed(connection, each.column, each.name, new, each.sealed)
            if replaced:
                yield each
