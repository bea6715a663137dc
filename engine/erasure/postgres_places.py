"""The places in PostgreSQL."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..profiles.event_store import hand_on_ids
from ..profiles.outbox import count_changes_of, rename_in_outbox
from .letters import UnreadableLetters
from .place import Place, Stage, Stores

if TYPE_CHECKING:
    from psycopg import Connection

TABLES: tuple[tuple[str, Stage], ...] = (
    ("event", "record"),
    ("event_id", "record"),
    ("event_conflict", "record"),
    ("profile", "record"),
    ("profile_key", "record"),
    ("override", "record"),
    ("staged_transition", "record"),
    ("live_verdict", "record"),
    ("list_member", "record"),  # of lists that definitions name; the workspace's files are for their authors to change
    ("dead_letter", "record"),
    ("transition", "last"),
)


def record_places(stores: Stores) -> Iterator[Place]:
    """A place for each table."""
    for table, stage in TABLES:
        yield (EventIds if table == "event_id" else Table)(stores.connection, table, stage)
    yield UnreadableLetters(stores)
    yield Outbox(stores.connection)


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose rows name their customer in `profile`."""

    connection: Connection
    name: str
    stage: Stage
    store: str = "PostgreSQL"

    def count(self, customer: str) -> int:
        """How many rows there are."""
        statement = f"SELECT count(*) FROM {self.name} WHERE profile = %s"  # noqa: S608 - a name of TABLES
        return _one(self.connection, statement, customer)

    def erase(self, customer: str) -> None:
        """Delete them."""
        self.connection.execute(f"DELETE FROM {self.name} WHERE profile = %s".encode(), (customer,))  # noqa: S608 - as said


@dataclass(frozen=True, slots=True)
class EventIds(Table):
    """The ids of events; one that another customer has used as well becomes that customer's."""

    def erase(self, customer: str) -> None:
        """Hand on what others have used, and delete the rest."""
        hand_on_ids(self.connection, customer)
        Table.erase(self, customer)


@dataclass(frozen=True, slots=True)
class Outbox:
    """The order of changes: its rows stay, as their numbers have no gaps, but name nobody any more."""

    connection: Connection
    name: str = "outbox"
    store: str = "PostgreSQL"
    stage: Stage = "last"

    def count(self, customer: str) -> int:
        """How many rows name the customer; the one that says that the erasure is not done yet is among them."""
        return count_changes_of(self.connection, customer)

    def erase(self, customer: str) -> None:
        """Let them name somebody who does not exist."""
        rename_in_outbox(self.connection, customer, f"erased-{secrets.token_hex(16)}")


def _one(connection: Connection, statement: str, customer: str) -> int:
    row = connection.execute(statement.encode(), (customer,)).fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True, slots=True)
class Begun:
    """Where an erasure stands in the order of its partition; `kind` of its row is `erase` until it is done."""

    partition: int
    seq: int
    kind: Literal["erase"] = "erase"
