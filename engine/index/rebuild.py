"""Builds a new index next to the live one during writes, compares it with PostgreSQL, and switches to it in one call.

From its first moment followers write to both. Whoever breaks off leaves an index under the alias `….next`; the next
rebuild goes on with it, or removes it where the catalogue has changed. The index that was live before is kept, unless
it holds in plain what the catalogue encrypts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..encryption.vault import Vault
from ..ir.types import Catalogue
from ..storage.partitions import PARTITIONS, heads
from . import cursors
from .bulk import Bulk
from .comparing import Comparison, Differences, Kind
from .documents import Documents, Writer
from .filling import fill_page
from .follower import IDLE_SECONDS, IndexFollower
from .making import is_known, make_live, make_next, remove, tidy
from .names import ALIAS, ProfileIndex, all_indices, hash_of, live_among, next_alias
from .plain import held_in_plain

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch
    from psycopg import Connection

REBUILD_LOCK: Final = 0x0DEC_0006
TOLD_EVERY: Final = 100_000  # profiles

_TOLD: Final[dict[Kind, str]] = {
    "missing": "missing",
    "extra": "left of customers who are no more",
    "other": "of other content",
}


class RebuildRefusedError(RuntimeError):
    """The index was not switched; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The result of a rebuild: the index that is live now, the previous one if it remains, and the removed ones.

    `plain` are the encrypted fields that the one before held in plain, for which it is among the removed.
    """

    live: str
    previous: str | None
    removed: tuple[str, ...]
    differences: Differences
    plain: tuple[str, ...] = ()


class Rebuild:
    """Builds an index; `connect` opens PostgreSQL in autocommit, `tell` hears how it goes on."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        client: Elasticsearch,
        catalogue: Catalogue,
        *,
        vault: Vault | None = None,
        alias: str = ALIAS,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._connect = connect
        self._client = client
        self._catalogue = catalogue
        self._alias = alias
        self._tell = tell
        self._writer = Writer(Documents(catalogue, vault), Bulk(client))
        self._comparison = Comparison(client, catalogue, vault)
        self._follower = IndexFollower(connect, client, catalogue, vault=vault, alias=alias)

    def run(self, *, despite_refused: bool = False, afresh: bool = False) -> Rebuilt:
        """Build, compare and switch; `afresh` does not go on with what an earlier rebuild left.

        Raises RebuildRefusedError when the new index does not hold what it must, when it refuses profiles (unless that
        is fine), or when another rebuild is at work; then the live index stays. Raises IndexUnavailableError.
        """
        with self._connect() as connection, _alone(connection):
            try:
                if afresh:
                    self._remove_next(connection)
                return self._run(connection, despite_refused=despite_refused)
            finally:
                self._follower.close()

    def _run(self, connection: Connection, *, despite_refused: bool) -> Rebuilt:
        live = live_among(all_indices(self._client, self._alias))
        if live is None:
            index = make_live(connection, self._client, self._catalogue, self._alias)
        else:
            index = self._next(connection)
        self._fill(connection, index)
        self._follow(connection, index)
        self._tell(f"comparing `{index.name}` with PostgreSQL")
        differences = self._comparison.all(connection, index)
        self._judge(index, differences, despite_refused=despite_refused)
        plain = () if live is None else held_in_plain(self._client, live, self._catalogue)
        if live is not None:
            self._follow(connection, index)
            self._switch(connection, live, index)
        previous = None if live is None or plain else live.name
        removed = tidy(connection, self._client, previous, self._alias)
        return Rebuilt(index.name, previous, tuple(removed), differences, plain)

    def _next(self, connection: Connection) -> ProfileIndex:
        for each in all_indices(self._client, self._alias):
            if each.role == "next":
                states = {cursor.state for cursor in cursors.read(connection, [each])}
                fits = each.mapping_hash == hash_of(self._catalogue) and "previous" not in states
                if fits and is_known(connection, self._client, each):
                    self._tell(f"going on with `{each.name}`, which an earlier rebuild left")
                    return each
                self._remove_next(connection)
        return make_next(connection, self._client, self._catalogue, self._alias)

    def _remove_next(self, connection: Connection) -> None:
        for each in all_indices(self._client, self._alias):
            if each.role == "next":
                self._tell(f"removing `{each.name}`, which an earlier rebuild left")
                remove(connection, self._client, each)

    def _fill(self, connection: Connection, index: ProfileIndex) -> None:
        count = told = 0
        for cursor in cursors.read(connection, [index]):
            after: str | None = "" if cursor.state == "filling" else None
            while after is not None:
                read, after = fill_page(connection, self._writer, index, cursor.partition, after)
                count += read
                if count - told >= TOLD_EVERY:
                    told = count
                    self._tell(f"filling `{index.name}`: {count:,} profiles")
        self._tell(f"filled `{index.name}` with {count:,} profiles")

    def _follow(self, connection: Connection, index: ProfileIndex) -> None:
        """Wait until what has been committed so far is in the index; whether a worker runs or not."""
        upto = heads(connection)
        while not cursors.caught_up(connection, index, upto):
            if not self._follower.step(range(PARTITIONS)):
                self._follower.wait(IDLE_SECONDS)

    def _judge(self, index: ProfileIndex, found: Differences, *, despite_refused: bool) -> None:
        if found.found:
            told = ", ".join(f"{found.count(kind):,} {what}" for kind, what in _TOLD.items() if found.count(kind))
            raise RebuildRefusedError(
                f"`{index.name}` is not what PostgreSQL holds: of {found.profiles:,} profiles, {found.sampled:,} of"
                f" them compared in content, documents are {told}. Nothing was switched; `--afresh` builds from the"
                " beginning"
            )
        if found.refused and not despite_refused:
            raise RebuildRefusedError(
                f"`{index.name}` was not switched to: it refuses at least {len(found.refused):,} of"
                f" {found.profiles:,} profiles; `decisor dead-letters list --code refused` says why, and"
                " `--despite-refused` switches all the same"
            )

    def _switch(self, connection: Connection, live: ProfileIndex, index: ProfileIndex) -> None:
        self._client.indices.update_aliases(
            actions=[
                {"remove": {"index": live.name, "alias": self._alias, "must_exist": True}},
                {"add": {"index": index.name, "alias": self._alias}},
                {"remove": {"index": index.name, "alias": next_alias(self._alias), "must_exist": True}},
            ]
        )
        for partition in range(PARTITIONS):
            with connection.transaction():
                cursor = cursors.hold(connection, live, partition)
                if cursor is not None:
                    cursors.turn(connection, [cursor], "previous")


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (REBUILD_LOCK,)).fetchone()
    if not row or not row[0]:
        raise RebuildRefusedError(
            "another `decisor index rebuild` is at work on this database; wait until it has ended"
        )
    try:
        yield
    finally:
        if not connection.closed and not connection.broken:
            connection.execute("SELECT pg_advisory_unlock(%s)", (REBUILD_LOCK,))
