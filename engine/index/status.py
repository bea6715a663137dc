"""Status of the indices: which one serves, whether it fits the catalogue, and how far it is behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..ir.types import Catalogue
from ..storage.partitions import PARTITIONS
from . import cursors
from .names import ALIAS, Role, all_indices, hash_of
from .plain import held_in_plain

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch
    from psycopg import Connection


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """One index: `behind` are the changes that it lacks by partition, `filling` the partitions not copied yet.

    `known` says whether this database knows how far it has come; `plain` are the fields that it holds in plain and the
    catalogue encrypts.
    """

    name: str
    role: Role
    mapping_hash: str
    fits: bool
    known: bool
    documents: int
    behind: dict[int, int]
    filling: tuple[int, ...]
    plain: tuple[str, ...] = ()


def index_statuses(
    connection: Connection, client: Elasticsearch, catalogue: Catalogue, alias: str = ALIAS
) -> list[IndexStatus]:
    """All indices of profiles, the oldest first."""
    found = []
    for each in all_indices(client, alias):
        states = cursors.read(connection, [each])
        behind = {} if each.role == "previous" else {state.partition: state.behind for state in states if state.behind}
        found.append(
            IndexStatus(
                each.name,
                each.role,
                each.mapping_hash,
                each.mapping_hash == hash_of(catalogue),
                len(states) == PARTITIONS,
                int(client.count(index=each.name)["count"]),
                behind,
                tuple(state.partition for state in states if state.state == "filling"),
                held_in_plain(client, each, catalogue),
            )
        )
    return found


def refused_count(connection: Connection) -> int:
    """How many profiles an index refuses."""
    row = connection.execute(
        "SELECT count(*) FROM dead_letter WHERE code = 'refused' AND source LIKE 'index:%%' AND replayed_at IS NULL",
        (),
    ).fetchone()
    return int(row[0]) if row else 0
