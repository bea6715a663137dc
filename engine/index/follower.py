"""Keeps the index in step with the outbox: changed customers are written as they are now, erased ones are deleted.

A step holds the cursors of the partitions that it works on, so that two followers never interleave; it writes to every
index that fits the catalogue, notes what was refused and moves the cursors in one transaction. Should that transaction
fail after documents were sent, they are written once more before anything else: meanwhile somebody else may have passed
the erasure of one of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from ..encryption.vault import Vault
from ..ir.types import Catalogue
from ..storage.partitions import PARTITIONS, heads, partition_of
from . import cursors
from .bulk import Bulk
from .cursors import Cursor
from .documents import Documents, Writer
from .filling import fill_page
from .making import is_known, make_live
from .names import ALIAS, IndexRefusedError, ProfileIndex, all_indices, hash_of, live_among

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch
    from psycopg import Connection

BATCH: Final = 1_000
LEAST: Final = 16  # changes of one partition in a step
LOOK_SECONDS: Final = 1.0  # how long the list of indices is taken for true
IDLE_SECONDS: Final = 0.1

_OUTBOX: Final = (
    "SELECT given.place, outbox.seq, outbox.profile, outbox.kind"
    " FROM unnest(%b::bigint[], %b::smallint[], %b::bigint[], %b::bigint[]) AS given (place, partition, seq, last),"
    " LATERAL (SELECT seq, profile, kind FROM outbox WHERE outbox.partition = given.partition"
    " AND outbox.seq > given.seq AND outbox.seq <= given.last ORDER BY seq LIMIT %b) AS outbox"
    " ORDER BY given.place, outbox.seq"
)
_ERASED: Final = (
    "SELECT profile FROM outbox WHERE partition = %s AND seq > %s AND seq <= %s"
    " AND kind NOT IN ('change', 'membership')"
)

Wanted = dict[str, list[ProfileIndex]]


class IndexFollower:
    """Brings the changes of partitions into the indices; `connect` opens PostgreSQL in autocommit.

    The live index is made on first use. `vault` is needed where the catalogue has encrypted fields.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        client: Elasticsearch,
        catalogue: Catalogue,
        *,
        vault: Vault | None = None,
        alias: str = ALIAS,
    ) -> None:
        self._connect = connect
        self._client = client
        self._catalogue = catalogue
        self._hash = hash_of(catalogue)
        self._alias = alias
        self.stop = threading.Event()
        self._writer = Writer(Documents(catalogue, vault), Bulk(client, self.wait))
        self._connection: Connection | None = None
        self._is_borrowed = False
        self._indices: list[ProfileIndex] = []
        self._looked = 0.0
        self._complaint = ""
        self._unsure: set[str] = set()  # sent, and it is not known whether the cursors moved
        self._filled: dict[tuple[str, int], str] = {}
        self._erased: dict[tuple[str, int], int] = {}

    def wait(self, seconds: float) -> bool:
        """Whether it was stopped before so many seconds had passed."""
        return self.stop.wait(seconds)

    def attach(self, connection: Connection, stop: threading.Event) -> None:
        """Work on a connection of the caller's, and give up waiting and retrying when `stop` is set."""
        if connection is not self._connection:
            self.close()
            self._connection, self._is_borrowed = connection, True
        self.stop = stop

    def close(self) -> None:
        """Give up the connection; the next step opens another."""
        connection, self._connection, self._looked = self._connection, None, 0.0
        if connection is not None and not self._is_borrowed:
            connection.close()
        self._is_borrowed = False

    def step(self, partitions: Collection[int]) -> int:
        """Bring a bounded number of changes of these partitions into the indices; how many documents that were.

        Raises IndexUnavailableError, IndexRefusedError, and what the database raises; then the cursors are where they
        were.
        """
        if not partitions:
            return 0
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        connection = self._connection
        self._look(connection)
        self._make_good(connection)
        seen = self._check_states(connection, cursors.read(connection, self._indices, partitions))
        self._erase_elsewhere(connection, seen)
        if self._complaint:
            raise IndexRefusedError(self._complaint)
        return self._fill(connection, seen) + self._follow(connection, seen)

    def catch_up(self, upto: Mapping[int, int] | None = None, seconds: float = 60.0) -> ProfileIndex:
        """The live index, once everything up to these numbers, or all there is, is in it and can be searched.

        Raises IndexRefusedError when it takes longer, or the index does not fit the catalogue.
        """
        deadline = time.monotonic() + seconds
        while True:
            count = self.step(range(PARTITIONS))
            live = live_among(self._indices)
            if self._connection is None or live is None or not self._fits(live):
                raise IndexRefusedError(self._stale(live))
            if upto is None:
                upto = heads(self._connection)
            if cursors.caught_up(self._connection, live, upto):
                self._client.indices.refresh(index=live.name)
                return live
            if time.monotonic() >= deadline:
                raise IndexRefusedError(f"the index `{live.name}` is still behind after {seconds:.0f} s")
            if not count:
                self.wait(IDLE_SECONDS)

    def _fits(self, index: ProfileIndex) -> bool:
        """Whether the index is written to."""
        return index.role != "previous" and index.mapping_hash == self._hash

    def _stale(self, live: ProfileIndex | None) -> str:
        name = self._alias if live is None else live.name
        return (
            f"the index `{name}` has another mapping than the catalogue, or this database does not know how far it has"
            " come: `decisor index rebuild` builds another"
        )

    def _look(self, connection: Connection) -> None:
        now = time.monotonic()
        if self._looked and now < self._looked + LOOK_SECONDS:
            return
        self._indices = all_indices(self._client, self._alias)
        live = live_among(self._indices)
        if live is None:
            live = make_live(connection, self._client, self._catalogue, self._alias)
            self._indices = all_indices(self._client, self._alias)
        self._looked = now
        followed = [each for each in self._indices if self._fits(each)]
        known = [each for each in followed if is_known(connection, self._client, each)]
        self._complaint = "" if known else self._stale(live)

    def _check_states(self, connection: Connection, seen: Sequence[Cursor]) -> list[Cursor]:
        """The cursors in the states that the indices' roles want."""
        for each in seen:
            if each.seq > each.last:
                with connection.transaction():
                    cursors.forget(connection, [each.uuid])
                raise IndexRefusedError(self._stale(self._index(each.uuid)))
        if any(map(self._is_wrong, seen)):
            self._looked = 0.0  # perhaps it is the list that is old
            self._look(connection)
        wrong = [each for each in seen if self._is_wrong(each)]
        for each in wrong:
            with connection.transaction():
                index = self._index(each.uuid)
                held = None if index is None else cursors.hold(connection, index, each.partition)
                if held is not None and held.state == each.state:
                    cursors.turn(connection, [held], "filling" if each.state == "previous" else "previous")
        return [each for each in seen if each not in wrong]

    def _index(self, uuid: str) -> ProfileIndex | None:
        return next((each for each in self._indices if each.uuid == uuid), None)

    def _is_wrong(self, cursor: Cursor) -> bool:
        """Whether an index's role wants the cursor in another state."""
        index = self._index(cursor.uuid)
        if index is None or not (index.role == "previous" or self._fits(index)):
            return False
        return (index.role == "previous") != (cursor.state == "previous")

    def _make_good(self, connection: Connection) -> None:
        if self._unsure:
            fitting = [each for each in self._indices if self._fits(each)]
            numbers = {partition_of(profile) for profile in self._unsure}
            with connection.transaction():
                cursors.read(connection, fitting, numbers, "wait")
                self._writer.write(connection, dict.fromkeys(self._unsure, fitting))
            self._unsure.clear()

    def _erase_elsewhere(self, connection: Connection, seen: Iterable[Cursor]) -> None:
        """Erasures reach an index of another catalogue too; its cursors stay, for it lacks the changes."""
        others = {each.uuid: each for each in self._indices if each.role != "previous" and not self._fits(each)}
        for each in seen:
            place = (each.uuid, each.partition)
            done = max(each.seq, self._erased.get(place, 0))
            if each.uuid in others and each.last > done:
                rows = connection.execute(_ERASED, (each.partition, done, each.last)).fetchall()
                self._writer.erase({profile: [others[each.uuid]] for (profile,) in rows})
                self._erased[place] = each.last

    def _fill(self, connection: Connection, seen: Iterable[Cursor]) -> int:
        """Write one page into the live index, where it is still to be filled; who builds the next one fills that."""
        live = live_among(self._indices)
        filling = [each for each in seen if live and each.uuid == live.uuid and each.state == "filling"]
        if live is None or not filling or not self._fits(live):
            return 0
        partition = filling[0].partition
        place = (live.uuid, partition)
        count, last = fill_page(connection, self._writer, live, partition, self._filled.get(place, ""))
        if last is None:
            self._filled.pop(place, None)
        else:
            self._filled[place] = last
        return max(count, 1)

    def _follow(self, connection: Connection, seen: Iterable[Cursor]) -> int:
        followed = {each.uuid: each for each in self._indices if each.role == "previous" or self._fits(each)}
        lagging = {each.partition for each in seen if each.behind and each.uuid in followed}
        if not lagging:
            return 0
        with connection.transaction():
            held = cursors.read(connection, followed.values(), lagging, "skip")
            held = [each for each in held if each.behind]
            wanted, erased, reached = self._changes(connection, held, followed)
            self._unsure.update(wanted)
            self._writer.erase(erased)
            self._writer.write(connection, wanted)
            cursors.move(connection, reached)
        self._unsure.clear()
        return len(wanted) + len(erased)

    def _changes(
        self, connection: Connection, held: Sequence[Cursor], followed: Mapping[str, ProfileIndex]
    ) -> tuple[Wanted, Wanted, dict[Cursor, int]]:
        """Who is to be written, who is to be deleted from earlier indices, and how far the cursors come by it."""
        wanted: Wanted = {}
        erased: Wanted = {}
        reached: dict[Cursor, int] = {}
        limit = max(LEAST, BATCH // max(1, len(held)))
        places = list(range(len(held)))
        columns = ([each.partition for each in held], [each.seq for each in held], [each.last for each in held])
        for place, seq, profile, kind in connection.execute(_OUTBOX, (places, *columns, limit)):
            cursor = held[place]
            if seq != reached.get(cursor, cursor.seq) + 1:
                raise IndexRefusedError(self._stale(followed[cursor.uuid]))
            reached[cursor] = seq
            if kind == "membership":
                continue  # documents do not contain the customer's segments
            if cursor.state != "previous":
                wanted.setdefault(profile, []).append(followed[cursor.uuid])
            elif kind != "change":
                erased.setdefault(profile, []).append(followed[cursor.uuid])
        return {profile: list(dict.fromkeys(each)) for profile, each in wanted.items()}, erased, reached


def wait_until(
    connection: Connection, client: Elasticsearch, upto: Mapping[int, int], seconds: float = 60.0, alias: str = ALIAS
) -> ProfileIndex:
    """The live index, once everything up to these numbers is in it and can be searched; a worker must be following.

    Raises IndexRefusedError when it takes longer.
    """
    deadline = time.monotonic() + seconds
    while True:
        live = live_among(all_indices(client, alias))
        if live is not None and cursors.caught_up(connection, live, upto):
            client.indices.refresh(index=live.name)
            return live
        if time.monotonic() >= deadline:
            name = alias if live is None else live.name
            raise IndexRefusedError(
                f"the index `{name}` is still behind after {seconds:.0f} s: `decisor index status` says how far, and a"
                " running `decisor worker` brings it forward"
            )
        time.sleep(IDLE_SECONDS)
