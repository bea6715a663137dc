"""The keys in use according to the database, so that every process seals and searches with the same ones.

`master_key` is the id of the master key that wraps new data keys. `hash_keys` names the hash key that queries search
with, and the other keys whose hashes the index holds. Both are recorded when they are first read.
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


# The stages of a change of hash keys: documents get the next key's hashes as well; queries have switched to it;
# documents lose the hashes of the previous key.
Stage = Literal["", "writing", "retiring", "dropping"]


@dataclass(frozen=True, slots=True)
class HashKeys:
    """`searched` is the key that queries use; documents hold its hashes and those of the keys in `besides`."""

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
        """The keys whose hashes every document holds at this stage."""
        return (self.searched,) if self.is_moving else self.written

    def text(self) -> str:
        """The JSON that is stored."""
        return json.dumps({"searched": self.searched, "besides": list(self.besides), "stage": self.stage})


def master_in_use(connection: Connection, keyring: Keyring) -> str:
    """The id of the master key that wraps new data keys."""
    return fact_or_new(connection, MASTER, keyring.current.id)


def master_to_seal_with(connection: Connection, keyring: Keyring) -> str:
    """As `master_in_use`, and fixed until the caller's transaction ends: a rotation waits for that before its pass.

    For callers that hold no partition's lock; a rotation waits for those locks as well.
    """
    for _ in range(2):
        found = read_locked_fact(connection, MASTER, shared=True)
        if found is not None:
            return found
        master_in_use(connection, keyring)  # records one; another process may just have recorded another
    return master_in_use(connection, keyring)


def hash_keys_in_use(connection: Connection, keyring: Keyring) -> HashKeys:
    """The hash keys in use; the keyring's first one if none is recorded yet."""
    data = json.loads(fact_or_new(connection, HASH, HashKeys(keyring.hash_ids[0]).text()))
    return HashKeys(data["searched"], tuple(data["besides"]), data["stage"])


def put_in_force(connection: Connection, name: str, value: str) -> None:
    """Write a fact while no transaction that changes profiles is under way; every later one sees it."""
    with connection.transaction():
        lock_partitions(connection, range(PARTITIONS))
        put_fact(connection, name, value)
