"""The switch: the new set replaces the one that serves, in one short transaction that holds every partition.

While the new set was being built, workers stored the new definition's verdicts on the customers that they touched.
These are applied to the new set, most of them before the locks are taken. Under the locks, everything committed has
reached Redis, so no late command for the old definition can hit the new set. The set is switched in Redis before
PostgreSQL commits; a crash between the two leaves a mark in Redis and a note in PostgreSQL, and `finish` completes it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from ..encryption.vault import Vault
from ..ir.instant import format_instant
from ..segments.claim import Claim, hold_claim
from ..segments.owners import note_running
from ..segments.registry import activate, retire
from ..segments.sets import OtherSizeError, switch_whole, unmark
from ..segments.staging_store import stage, take_verdicts
from ..storage import keys
from ..storage.partitions import PARTITIONS, lock_partitions, partition_of
from ..storage.redis_protocol import RedisClient
from ..worker.publish import settle
from .lease import Note, RebuildError, drop_notes, note_of, write_note
from .mover import note_moving
from .staging import COMMAND, Filling, SetLostError, erased_since

if TYPE_CHECKING:
    from psycopg import Connection

ROUND = 1_000  # verdicts applied at once while others work, …
LARGE_ROUND = 4_000  # … and for each segment, if they arrive as fast as they are applied
FEW = 100  # after a pass with so few verdicts, the rest is left for the transaction that holds all locks
ATTEMPTS = 20
UNDER_LOCKS = 0.25  # seconds that a worker has to publish what it has just committed

_VERDICTS = (
    "SELECT segment, profile FROM live_verdict WHERE segment = ANY(%s) AND (segment, profile) > (%s, %s)"
    " ORDER BY segment, profile LIMIT %s"
)
Work = Callable[[Mapping[str, Claim]], dict[str, int]]


class NotPublishedError(RebuildError):
    """Committed changes do not reach Redis; the message says what to look at."""


class Switch:
    """Switches filled sets in; `clock` gives the time in ms, `begun` has each partition's number at the start."""

    def __init__(
        self,
        connection: Connection,
        redis: RedisClient,
        vault: Vault,
        clock: Callable[[], int],
        begun: Mapping[int, int],
    ) -> None:
        self._connection = connection
        self._redis = redis
        self._vault = vault
        self._clock = clock
        self._begun = begun
        self._sizes: dict[str, int] = {}

    def run(self, fillings: Sequence[Filling], kept: Mapping[str, int]) -> dict[str, int]:
        """Switch them all in; returns each segment's size. `kept` are the sizes of the sets that were built.

        Raises SetLostError if Redis has lost part of them since, NotPublishedError if a worker is too busy,
        SegmentBusyError if a SegmentationEngine fills one of them for longer than a minute. If Redis lost part of a set
        at that very moment, some may already be switched there: `finish` completes those.
        """
        self._sizes = dict(kept)
        self._catch_up(fillings)
        note = note_of(self._clock())
        for each in fillings:
            write_note(self._connection, each.name, _ready_note(note, each))
        return self._run_locked(lambda claims: self._switch(fillings, claims), fillings)

    def finish(self, name: str, note: Note) -> bool:
        """Complete a switch that was interrupted past the point of no return; returns whether it was.

        Raises SegmentBusyError, NotPublishedError; it can be tried again later then.
        """
        row = self._connection.execute("SELECT generation FROM segment WHERE name = %s", (name,)).fetchone()
        mark = self._redis.get(keys.switch_mark(name))
        if row is None or row[0] != note.generation - 1 or mark is None or int(mark) != note.generation:
            return False
        now_ms = self._clock()
        filling = Filling(name, note.generation, note.digest, note.reason, note.silent, now_ms, note.retiring)
        self._run_locked(lambda _: {name: self._end(filling)}, [filling], patience=0.0)
        return True

    def _catch_up(self, fillings: Sequence[Filling]) -> None:
        """Apply verdicts to the new sets until only those are left that arrived during one short pass.

        Each pass leaves the verdicts that arrived during it. If they do not become fewer, the rounds become longer, up
        to a bound: workers wait for a round as it does for them, so they then add fewer.
        """
        size, before = ROUND, 0
        while (taken := self._pass(fillings, size)) > FEW:
            if 0 < before <= taken:
                if size >= LARGE_ROUND * len(fillings):
                    return
                size *= 2
            before = taken

    def _pass(self, fillings: Sequence[Filling], size: int) -> int:
        """Apply the verdicts stored now, `size` in a transaction; returns their number."""
        connection = self._connection
        by_name = {each.name: each for each in fillings}
        segment, profile, count = "", "", 0
        while rows := connection.execute(_VERDICTS, (list(by_name), segment, profile, size)).fetchall():
            segment, profile = rows[-1]
            profiles: dict[str, list[str]] = {}
            for name, each in rows:
                profiles.setdefault(name, []).append(each)
            with connection.transaction():
                lock_partitions(connection, {partition_of(each) for _, each in rows})
                for name, those in profiles.items():
                    taken = take_verdicts(connection, name, those)
                    self._lay_over(by_name[name], keys.next_members(name), taken)
                    count += len(taken)
        return count

    def _run_locked(self, work: Work, fillings: Sequence[Filling], patience: float | None = None) -> dict[str, int]:
        """Run `work` in a transaction that holds all partitions, with everything committed before it published."""
        with ExitStack() as stack:
            names = sorted(each.name for each in fillings)
            claims = {
                name: stack.enter_context(hold_claim(self._redis, name, kind="rebuild by ", patience=patience))
                for name in names
            }
            return self._attempt(work, fillings, claims)

    def _attempt(self, work: Work, fillings: Sequence[Filling], claims: Mapping[str, Claim]) -> dict[str, int]:
        connection = self._connection
        late: list[int] = []
        for _ in range(ATTEMPTS):
            _renew(claims, always=True)
            rows = connection.execute("SELECT number, seq FROM partition").fetchall()
            late = settle(connection, self._redis, dict(rows), self._vault)
            if late:
                raise NotPublishedError(_describe_late(late))
            found: dict[str, int] | None = None
            with connection.transaction():
                late = settle(
                    connection, self._redis, lock_partitions(connection, range(PARTITIONS)), self._vault, UNDER_LOCKS
                )
                if not late:
                    found = work(claims)
                    drop_notes(connection, [each.name for each in fillings])
            if found is not None:
                note_running(connection, self._redis)
                for each in fillings:
                    unmark(self._redis, each.name, each.generation)
                return found
            time.sleep(UNDER_LOCKS)  # a worker that waits for the locks cannot publish
        raise NotPublishedError(_describe_late(late))

    def _switch(self, fillings: Sequence[Filling], claims: Mapping[str, Claim]) -> dict[str, int]:
        """Check all of the new sets, and only then switch the first one."""
        erased = erased_since(self._connection, self._begun)
        sizes: dict[str, int] = {}
        for each in fillings:
            sizes[each.name] = self._whole(each, erased)
            _renew(claims)
        _renew(claims, always=True)
        for each in fillings:
            try:
                switch_whole(self._redis, each.name, each.generation, sizes[each.name], claims[each.name])
            except OtherSizeError:
                raise _set_lost_error(each) from None
        return {each.name: self._commit(each) for each in fillings}

    def _whole(self, filling: Filling, erased: Sequence[str]) -> int:
        """Apply the remaining verdicts and check the size, which is returned. Raises SetLostError."""
        built = keys.next_members(filling.name)
        self._lay_over(filling, built, [(profile, False) for profile in erased])
        self._lay_over(filling, built, take_verdicts(self._connection, filling.name))
        size = int(self._redis.scard(built))
        if not 0 <= self._sizes[filling.name] - size <= len(erased):  # an erasure takes its customer out by itself
            raise _set_lost_error(filling)
        return size

    def _end(self, filling: Filling) -> int:
        """Complete the switch; what was staged for erased customers was rolled back with the first attempt."""
        erased = erased_since(self._connection, self._begun)
        self._lay_over(filling, keys.members(filling.name), [(profile, False) for profile in erased])
        return self._commit(filling)

    def _commit(self, filling: Filling) -> int:
        """Make the definition active whose set is already in place; returns the set's size."""
        key = keys.members(filling.name)
        self._lay_over(filling, key, take_verdicts(self._connection, filling.name))
        if filling.retiring:
            retire(self._connection, filling.name)
        else:
            activate(self._connection, filling.name)
        note_moving(self._connection, filling.name, filling.generation)
        return int(self._redis.scard(key))

    def _lay_over(self, filling: Filling, key: str, verdicts: Sequence[tuple[str, bool]]) -> None:
        """Make these customers members or not, in Redis and among the staged rows."""
        if not verdicts:
            return
        name, generation = filling.name, filling.generation
        origin = (format_instant(self._clock()), filling.reason, filling.digest, filling.silent)
        stage(self._connection, name, generation, verdicts, origin)
        pipeline = self._redis.pipeline(transaction=False)
        signs: list[int] = []
        for first in range(0, len(verdicts), COMMAND):
            part = verdicts[first : first + COMMAND]
            entering = [profile for profile, member in part if member]
            leaving = [profile for profile, member in part if not member]
            if entering:
                pipeline.sadd(key, *entering)
            if leaving:
                pipeline.srem(key, *leaving)
            signs += [1] * bool(entering) + [-1] * bool(leaving)
        moved = sum(sign * count for sign, count in zip(signs, pipeline.execute(), strict=True))
        if filling.name in self._sizes:
            self._sizes[filling.name] += moved


def _renew(claims: Mapping[str, Claim], *, always: bool = False) -> None:
    for claim in claims.values():
        claim.renew(always=always)


def _set_lost_error(filling: Filling) -> SetLostError:
    return SetLostError(f"Redis has lost part of the new set of `{filling.name}`; rebuild it again")


def _ready_note(note: Note, filling: Filling) -> Note:
    return replace(
        note,
        generation=filling.generation,
        digest=filling.digest,
        reason=filling.reason,
        silent=filling.silent,
        retiring=filling.retiring,
    )


def _describe_late(late: Sequence[int]) -> str:
    numbers = ", ".join(map(str, late))
    return (
        f"committed changes of partitions {numbers} do not reach Redis, although a worker owns them: check the"
        " worker, then rebuild again; nothing has changed"
    )
