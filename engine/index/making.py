"""Creates indices, registers them in the database and removes them, in one process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..ir.types import Catalogue
from ..storage.facts import next_number
from ..storage.partitions import PARTITIONS
from . import cursors
from .names import ALIAS, ProfileIndex, all_indices, create_index, live_among

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch
    from psycopg import Connection


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """One transaction during which no other process creates or removes indices."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (cursors.INDEX_LOCK,))
        yield


def make_live(connection: Connection, client: Elasticsearch, catalogue: Catalogue, alias: str = ALIAS) -> ProfileIndex:
    """The live index; if there is none yet, a new, empty one that is to be filled."""
    with alone(connection):
        indices = all_indices(client, alias)
        live = live_among(indices)
        if live is None:
            live = create_index(client, catalogue, _generation(connection, indices), "live", alias)
            cursors.begin(connection, live)
        return live


def make_next(connection: Connection, client: Elasticsearch, catalogue: Catalogue, alias: str = ALIAS) -> ProfileIndex:
    """A new, empty index next to the live one, to be filled."""
    with alone(connection):
        generation = _generation(connection, all_indices(client, alias))
        index = create_index(client, catalogue, generation, "next", alias)
        cursors.begin(connection, index)
        return index


def _generation(connection: Connection, indices: list[ProfileIndex]) -> int:
    """A number that no index has had before, so that a name always means the same index."""
    there = max((each.generation for each in indices), default=0)
    return next_number(connection, "index_generation", there + 1)


def is_known(connection: Connection, client: Elasticsearch, index: ProfileIndex) -> bool:
    """Whether this database knows how far the index has come; one that is still empty becomes known.

    It does not where the database was restored or is another one, or where the index was no longer waited for.
    """
    count = len(cursors.read(connection, [index]))
    if count:
        return count == PARTITIONS
    with alone(connection):
        if not cursors.read(connection, [index]) and is_empty(client, index):
            cursors.begin(connection, index)
            return True
    return False


def is_empty(client: Elasticsearch, index: ProfileIndex) -> bool:
    """Whether the index has no documents."""
    client.indices.refresh(index=index.name)
    return int(client.count(index=index.name)["count"]) == 0


def remove(connection: Connection, client: Elasticsearch, index: ProfileIndex) -> None:
    """Do away with an index."""
    with alone(connection):
        client.indices.delete(index=index.name, ignore_unavailable=True)
        cursors.forget(connection, [index.uuid])


def tidy(connection: Connection, client: Elasticsearch, keep: str | None, alias: str = ALIAS) -> list[str]:
    """Remove earlier indices but `keep`; their names. What is noted of indices that are not there goes too."""
    with alone(connection):
        indices = all_indices(client, alias)
        old = [each for each in indices if each.role == "previous" and each.name != keep]
        for each in old:
            client.indices.delete(index=each.name, ignore_unavailable=True)
        cursors.forget_others(connection, [each for each in indices if each not in old])
    return [each.name for each in old]
