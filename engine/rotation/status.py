"""Which keys there are and which are used, by how much."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..encryption import payloads
from ..encryption.in_use import hash_keys_in_use, master_in_use
from ..encryption.keyring import KEYS, KEYS_FILE, KeyMissingError, Keyring
from ..encryption.sealed_vault import SealedVault
from ..encryption.vault import Vault
from .proving import letter_heads
from .sealed_values import sealed_entries

if TYPE_CHECKING:
    from psycopg import Connection

WITHOUT = "in force, and not among the keys; it has sealed nothing, and `decisor keys rotate` does without it"


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """One key: `state` is current, old (replaced), next (not yet in its place), or missing from the keys.

    `data_keys`, `dead_letters`, `definitions` and `secrets` are those that only this master key opens; `documents` says
    whether the index may hold hashes of this hash key.
    """

    kind: Literal["master", "hash"]
    id: str
    state: Literal["current", "old", "next", "missing"]
    data_keys: int = 0
    dead_letters: int = 0
    definitions: int = 0
    secrets: int = 0
    documents: bool = False

    @property
    def seals(self) -> bool:
        """Whether anything is sealed with the master key, or documents may hold hashes of the hash key."""
        return self.documents or self.data_keys + self.dead_letters + self.definitions + self.secrets > 0

    @property
    def needed(self) -> bool:
        """Whether something would be lost without the key."""
        return self.state in {"current", "next", "missing"} or self.seals

    def rest_text(self) -> str:
        """The rest of its line."""
        if self.kind == "hash":
            return {
                ("current", True): "queries search by it",
                ("next", True): "documents get its hashes too; queries will change to it",
                ("next", False): "not used yet; `decisor keys rotate --hash` changes to the last one",
                ("old", True): "documents still hold its hashes; queries have changed",
                ("old", False): "may be removed",
                ("missing", True): "used, and not among the keys",
            }[self.state, self.documents]
        counts = f"{self.data_keys:,} data keys, {self.dead_letters:,} dead letters, {self.definitions:,} definitions"
        counts += f", {self.secrets} {'secret' if self.secrets == 1 else 'secrets'}"
        if self.state == "missing":
            rest = "used, and not among the keys" if self.seals else WITHOUT
            return f"{counts}; {rest}"
        return counts if self.needed else f"{counts}; may be removed"


def status_of(connection: Connection, keyring: Keyring) -> list[KeyStatus]:
    """Master keys, then hash keys, those that are used and missing at the end of each."""
    counts: dict[str, int] = dict(
        connection.execute("SELECT master, count(*) FROM profile_key GROUP BY master").fetchall()
    )
    return [*_masters(connection, keyring, counts), *_hashes(connection, keyring)]


def refuse_missing_keys(connection: Connection, vault: Vault) -> None:
    """Refuse to begin with other keys than the database's: nobody else could read what is sealed with them.

    Raises KeyMissingError.
    """
    if isinstance(vault, SealedVault):
        missing = [each.id for each in status_of(connection, vault.keyring) if each.state == "missing"]
        if missing:
            raise KeyMissingError(
                f"the database uses keys that are not among yours: {', '.join(missing)}; `decisor keys status` shows"
                " them all. Name the key file that the other workers have; where that is this one, and a master key is"
                " missing that has sealed nothing, `decisor keys rotate` does without it"
            )
    elif sealed_entries(connection):
        raise KeyMissingError(
            "the database holds sealed definitions or secrets, and there are no keys: name the key file that sealed"
            f" them in {KEYS_FILE} (or put its content into {KEYS})"
        )


def _masters(connection: Connection, keyring: Keyring, counts: dict[str, int]) -> list[KeyStatus]:
    letters = Counter(map(payloads.master_of, letter_heads(connection)))
    small = sealed_entries(connection)
    definitions = Counter(each.master for each in small if each.is_definition)
    hashing = Counter(each.master for each in small if not each.is_definition)
    used = master_in_use(connection, keyring)
    known = keyring.master_ids
    found = []
    needed = {used, *counts, *letters, *(each.master for each in small)}
    for name in [*known, *sorted(needed - set(known))]:
        state: Literal["current", "old", "next", "missing"]
        if name not in known:
            state = "missing"
        elif name == used:
            state = "current"
        else:
            state = "next" if used in known and known.index(name) < known.index(used) else "old"
        wrapped = counts.get(name, 0), letters[name], definitions[name], hashing[name]
        found.append(KeyStatus("master", name, state, *wrapped))
    return found


def _hashes(connection: Connection, keyring: Keyring) -> list[KeyStatus]:
    used = hash_keys_in_use(connection, keyring)
    known = keyring.hash_ids
    replaced = known[: known.index(used.searched)] if used.searched in known else []
    found = []
    for name in [*known, *[each for each in used.written if each not in known]]:
        state: Literal["current", "old", "next", "missing"]
        if name not in known:
            state = "missing"
        elif name == used.searched:
            state = "current"
        elif name in used.besides:
            state = "next" if used.stage == "writing" else "old"
        else:
            state = "old" if name in replaced else "next"
        written = name in used.written or (state == "old" and used.stage == "dropping")
        found.append(KeyStatus("hash", name, state, documents=written))
    return found
