"""Which keys the database says are in use, so that every process seals and searches with the same ones.

`master_key` is the id of the master key that wraps new data keys. `hash_keys` names the hash key by which queries
search, and those whose hashes the index holds besides. Both are written down when they are first asked for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..storage.facts import fact_or_new, put_fact, read_locked_fact
from ..storage.partitions import PARTITIONS, lock_partitions
from .keyring import Keyring

if TYPE_CHECKING:
    from psycopg import Connection

MASTER = "master_key"
HASH = "hash_keys"


# The stages of a change of hash keys: documents get the next key's hashes too; queries have changed to it; documents
# lose the hashes of the one before.
Stage = Literal["", "writing", "retiring", "dropping"]


@dataclass(frozen=True, slots=True)
class HashKeys:
    """`searched` is the key of queries; documents hold its hashes and those of `besides`."""

    searched: str
    besides: tuple[str, ...] = ()
    stage: Stage = ""

    @property
    def written(self) -> tuple[str, ...]:
        """The keys whose hashes a document holds."""
        return (self.searched, *self.besides)

    @property
    def is_moving(self) -> bool:
        """Whether some documents may hold hashes that others do not."""
        return self.stage in {"writing", "dropping"}

    @property
    def settled(self) -> tuple[str, ...]:
        """The keys whose hashes each document holds already, and still."""
        return (self.searched,) if self.is_moving else self.written

    def text(self) -> str:
        """As it is kept."""
        return json.dumps({"searched": self.searched, "besides": list(self.besides), "stage": self.stage})


def master_in_use(connection: Connection, keyring: Keyring) -> str:
    """The id of the master key that wraps new data keys."""
    return fact_or_new(connection, MASTER, keyring.current.id)


def master_to_seal_with(connection: Connection, keyring: Keyring) -> str:
    """The same, and it stays so until the caller's transaction ends: a rotation waits for that before its pass.

    For whoever holds no partition's lock, which a rotation waits for as well.
    """
    for _ in range(2):
        found = read_locked_fact(connection, MASTER, shared=True)
        if found is not None:
            return found
        master_in_use(connection, keyring)  # writes it down; somebody else may just have written another one
    return master_in_use(connection, keyring)


def hash_keys_in_use(connection: Connection, keyring: Keyring) -> HashKeys:
    """The hash keys in use; the keyring's first, if none was used yet."""
    data = json.loads(fact_or_new(connection, HASH, HashKeys(keyring.hash_ids[0]).text()))
    return HashKeys(data["searched"], tuple(data["besides"]), data["stage"])


def put_in_force(connection: Connection, name: str, value: str) -> None:
    """Write a fact down so that every transaction that changes profiles from now on sees it, and none is under way."""
    with connection.transaction():
        lock_partitions(connection, range(PARTITIONS))
        put_fact(connection, name, value)
