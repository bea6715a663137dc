"""Turns profiles in PostgreSQL into writes for the index."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from ..compiler.mapping import Sealer, index_document
from ..encryption.vault import OpenVault, Value, Vault
from ..ir.types import Catalogue
from ..profiles.letter_store import note_accepted, write_refused
from .bulk import GONE, Bulk, Refusal, Write
from .names import ProfileIndex

if TYPE_CHECKING:
    from psycopg import Connection

_ROWS: Final = "SELECT profile, version, value FROM profile WHERE profile = ANY(%s)"


@runtime_checkable
class SealingVault(Protocol):
    """A vault that also seals for the index."""

    def sealers(self, connection: Connection, profiles: Iterable[str]) -> Callable[[str], Sealer]:
        """What seals each profile's values."""
        ...

    def settled_sealers(self, connection: Connection, profiles: Iterable[str]) -> tuple[Callable[[str], Sealer], bool]:
        """What seals them with the hashes that each document has, and whether it has those alone."""
        ...


@dataclass(frozen=True, slots=True)
class Document:
    """What is to be in the index of a profile of a version; None of one that is not of this catalogue."""

    profile: str
    version: int
    body: dict[str, Any] | None


class Documents:
    """Makes the documents of one catalogue's profiles."""

    def __init__(self, catalogue: Catalogue, vault: Vault | None = None) -> None:
        self.catalogue = catalogue
        self.fields = frozenset(catalogue.paths())
        self._vault = vault or OpenVault()

    def current(self, connection: Connection, profiles: Sequence[str]) -> dict[str, Document]:
        """The documents of those profiles that exist now."""
        return self.of_rows(connection, connection.execute(_ROWS, (list(profiles),)).fetchall())

    def settle(self, connection: Connection, profiles: Sequence[str]) -> tuple[dict[str, Document], bool]:
        """The same with the hashes that each document in the index has, and whether it has those alone."""
        if not isinstance(self._vault, SealingVault):
            return self.current(connection, profiles), True
        rows = connection.execute(_ROWS, (list(profiles),)).fetchall()
        values = self._vault.open_values(connection, {profile: value for profile, _, value in rows})
        sealer, alone = self._vault.settled_sealers(connection, values)
        return self._make_document(rows, values, sealer), alone

    def of_rows(self, connection: Connection, rows: Sequence[tuple[str, int, Value]]) -> dict[str, Document]:
        """The documents of rows (profile, version, value) of the table `profile`."""
        values = self._vault.open_values(connection, {profile: value for profile, _, value in rows})
        sealer: Callable[[str], Sealer] | None = None
        if isinstance(self._vault, SealingVault):
            sealer = self._vault.sealers(connection, values)
        return self._make_document(rows, values, sealer)

    def _make_document(
        self,
        rows: Sequence[tuple[str, int, Value]],
        values: Mapping[str, Value],
        sealer: Callable[[str], Sealer] | None,
    ) -> dict[str, Document]:
        return {
            profile: Document(profile, version, self._body(values[profile], sealer(profile) if sealer else None))
            for profile, version, _ in rows
        }

    def _body(self, value: Value, sealer: Sealer | None) -> dict[str, Any] | None:
        try:
            return index_document(value, self.catalogue, sealer)
        except (AttributeError, KeyError, TypeError, ValueError):
            return None  # folded with an earlier catalogue, and not refolded yet


class Writer:
    """Brings profiles into indices as they are now, and notes what is refused."""

    def __init__(self, documents: Documents, bulk: Bulk) -> None:
        self._documents = documents
        self._bulk = bulk

    def write(self, connection: Connection, wanted: Mapping[str, Sequence[ProfileIndex]]) -> int:
        """Write profiles, each into its indices, and delete those that no longer exist; returns how many were refused.

        Inside a transaction that holds the cursors of those indices: what is refused is noted in it. Raises
        IndexUnavailableError.
        """
        return self._write(connection, wanted, self._documents.current(connection, list(wanted)))

    def fill(self, connection: Connection, index: ProfileIndex, rows: Sequence[tuple[str, int, Value]]) -> int:
        """Write profiles of which the rows have just been read; how many were refused."""
        found = self._documents.of_rows(connection, rows)
        return self._write(connection, dict.fromkeys(found, (index,)), found)

    def erase(self, wanted: Mapping[str, Sequence[ProfileIndex]]) -> None:
        """Delete profiles from their indices. Raises IndexUnavailableError."""
        self._bulk.send(Write(index, profile, GONE, None) for profile, each in wanted.items() for index in each)

    def _write(
        self, connection: Connection, wanted: Mapping[str, Sequence[ProfileIndex]], found: Mapping[str, Document]
    ) -> int:
        writes, refused = [], []
        for profile, indices in wanted.items():
            document = found.get(profile)
            text = None if document is None or document.body is None else _text(document.body)
            version = GONE if document is None else document.version
            each = [Write(index, profile, version, text) for index in indices]
            if document is not None and text is None:
                refused += [Refusal(write, "the profile is not of the workspace's catalogue") for write in each]
            else:
                writes += each
        # Whoever was asleep since the rows were read, and lost its session and so the cursors, must not send them: an
        # erasure may have passed, and the server remembers a deletion for a minute only.
        refused += self._bulk.send(writes, self._documents.fields, lambda: connection.execute("SELECT 1"))
        self._note(connection, writes, refused)
        return len(refused)

    def _note(self, connection: Connection, writes: Sequence[Write], refused: Sequence[Refusal]) -> None:
        sources = {source_of(each.write.index, each.write.profile): each for each in refused}
        if sources:
            letters = [
                (source, each.write.profile, each.reason, _payload(each.write)) for source, each in sources.items()
            ]
            write_refused(connection, letters)
        taken = [source for each in writes if (source := source_of(each.index, each.profile)) not in sources]
        note_accepted(connection, taken)


def _payload(write: Write) -> bytes:
    return json.dumps({"index": write.index.name, "version": write.version}).encode()


def source_of(index: ProfileIndex, profile: str) -> str:
    """Where a dead letter of the index comes from; one profile has one in each index."""
    text = f"{index.uuid}\n{profile}"
    return f"index:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _text(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
