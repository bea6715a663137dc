"""The switch: what was built becomes what counts, in one short transaction that holds every partition.

While the next set was built, workers went on and kept what the new definition says of the customers that they touched.
That is laid over the next set, most of it before the locks are taken. Under the locks everything committed has reached
Redis, so no late command for the old definition can hit the new set. The set is switched in Redis before PostgreSQL
commits; a crash between the two leaves a mark in Redis and a note in PostgreSQL, and `finish` ends it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..encryption.vault import Vault
from ..ir.instant import format_instant
from ..segments.claim import Claim, hold_claim
from ..segments.owners import note_running
from ..segments.registry import activate, retire
from ..segments.sets import OtherSizeError, switch_whole, unmark
from ..segments.staging_store import stage, take_verdicts
from ..storage import keys
from ..storage.partitions import PARTITIONS, locked, partition_of
from ..worker.publish import settle
from .lease import Note, RebuildError, drop_notes, note_of, write_note
from .mover import note_moving
from .staging import COMMAND, Filling, SetLostError, erased_since

if TYPE_CHECKING:
    from psycopg import Connection

ROUND = 1_000  # verdicts laid over at once while others work, …
LARGE_ROUND = 4_000  # … of each segment, where they come as fast as they are laid over
FEW = 100  # verdicts of which what comes in meanwhile may be left for the transaction that holds all locks
ATTEMPTS = 20
UNDER_LOCKS = 0.25  # seconds that a worker has to publish what it has just committed

_VERDICTS = (
    "SELECT segment, profile FROM live_verdict WHERE segment = ANY(%s) AND (segment, profile) > (%s, %s)"
    " ORDER BY segment, profile LIMIT %s"
)
Work = Callable[[Mapping[str, Claim]], dict[str, int]]


class NotPublishedError(RebuildError):
    """What is committed does not reach Redis; the message says what to look at."""


class Switch:
    """Switches what was filled; `clock` gives the time in ms, `begun` has each partition's number when it began."""

    def __init__(
        self, connection: Connection, redis: Any, vault: Vault, clock: Callable[[], int], begun: Mapping[int, int]
    ) -> None:
        self._connection = connection
        self._redis = redis
        self._vault = vault
        self._clock = clock
        self._begun = begun
        self._sizes: dict[str, int] = {}

    def run(self, fillings: Sequence[Filling], kept: Mapping[str, int]) -> dict[str, int]:
        """Switch them all in; how many members each segment has. `kept` are the sizes of the sets that were built.

        Raises SetLostError when Redis has lost a part of them since, NotPublishedError when a worker is too busy,
        SegmentBusyError when a SegmentationEngine fills one of them for longer than a minute. Some may be switched in
        Redis by then, when it lost a part in that very moment: `finish` ends those.
        """
        self._sizes = dict(kept)
        self._catch_up(fillings)
        note = note_of(self._clock())
        for each in fillings:
            write_note(self._connection, each.name, _ready(note, each))
        return self._locked(lambda claims: self._switch(fillings, claims), fillings)

    def finish(self, name: str, note: Note) -> bool:
        """End a switch that was interrupted behind the point of no return; whether it was.

        Raises SegmentBusyError, NotPublishedError; then it can be tried again later.
        """
        row = self._connection.execute("SELECT generation FROM segment WHERE name = %s", (name,)).fetchone()
        mark = self._redis.get(keys.switched(name))
        if row is None or row[0] != note.generation - 1 or mark is None or int(mark) != note.generation:
            return False
        now_ms = self._clock()
        filling = Filling(name, note.generation, note.digest, note.reason, note.silent, now_ms, note.retiring)
        self._locked(lambda _: {name: self._end(filling)}, [filling], patience=0.0)
        return True

    def _catch_up(self, fillings: Sequence[Filling]) -> None:
        """Lay verdicts over what was built, until what is left has come in during one short pass.

        Each pass leaves what came in meanwhile. Where that does not get less the rounds become longer, up to a bound:
        workers wait for a round as it does for them, so they come to less.
        """
        size, before = ROUND, 0
        while (taken := self._pass(fillings, size)) > FEW:
            if 0 < before <= taken:
                if size >= LARGE_ROUND * len(fillings):
                    return
                size *= 2
            before = taken

    def _pass(self, fillings: Sequence[Filling], size: int) -> int:
        """Lay over what is there, `size` verdicts in a transaction; how many those were."""
        connection = self._connection
        by_name = {each.name: each for each in fillings}
        segment, profile, count = "", "", 0
        while rows := connection.execute(_VERDICTS, (list(by_name), segment, profile, size)).fetchall():
            segment, profile = rows[-1]
            profiles: dict[str, list[str]] = {}
            for name, each in rows:
                profiles.setdefault(name, []).append(each)
            with connection.transaction():
                locked(connection, {partition_of(each) for _, each in rows})
                for name, those in profiles.items():
                    taken = take_verdicts(connection, name, those)
                    self._lay_over(by_name[name], keys.next_members(name), taken)
                    count += len(taken)
        return count

    def _locked(self, work: Work, fillings: Sequence[Filling], patience: float | None = None) -> dict[str, int]:
        """Work in a transaction that holds all partitions, with everything published that was committed before."""
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
                raise NotPublishedError(_told(late))
            found: dict[str, int] | None = None
            with connection.transaction():
                late = settle(connection, self._redis, locked(connection, range(PARTITIONS)), self._vault, UNDER_LOCKS)
                if not late:
                    found = work(claims)
                    drop_notes(connection, [each.name for each in fillings])
            if found is not None:
                note_running(connection, self._redis)
                for each in fillings:
                    unmark(self._redis, each.name, each.generation)
                return found
            time.sleep(UNDER_LOCKS)  # a worker that waits for the locks cannot publish
        raise NotPublishedError(_told(late))

    def _switch(self, fillings: Sequence[Filling], claims: Mapping[str, Claim]) -> dict[str, int]:
        """Whatever can be found wanting is looked for in all of them before the first one is switched."""
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
                raise _lost(each) from None
        return {each.name: self._commit(each) for each in fillings}

    def _whole(self, filling: Filling, erased: Sequence[str]) -> int:
        """Lay over what is left, and compare the sizes; how many members it will have. Raises SetLostError."""
        built = keys.next_members(filling.name)
        self._lay_over(filling, built, [(profile, False) for profile in erased])
        self._lay_over(filling, built, take_verdicts(self._connection, filling.name))
        size = int(self._redis.scard(built))
        if not 0 <= self._sizes[filling.name] - size <= len(erased):  # an erasure takes its customer out by itself
            raise _lost(filling)
        return size

    def _end(self, filling: Filling) -> int:
        """What was staged of those who were erased meanwhile was rolled back with the first attempt."""
        erased = erased_since(self._connection, self._begun)
        self._lay_over(filling, keys.members(filling.name), [(profile, False) for profile in erased])
        return self._commit(filling)

    def _commit(self, filling: Filling) -> int:
        """Let the set that is in place already be the definition's."""
        key = keys.members(filling.name)
        self._lay_over(filling, key, take_verdicts(self._connection, filling.name))
        if filling.retiring:
            retire(self._connection, filling.name)
        else:
            activate(self._connection, filling.name)
        note_moving(self._connection, filling.name, filling.generation)
        return int(self._redis.scard(key))

    def _lay_over(self, filling: Filling, key: str, verdicts: Sequence[tuple[str, bool]]) -> None:
        """Let these customers be members or not, in Redis and among what is staged."""
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


def _lost(filling: Filling) -> SetLostError:
    return SetLostError(f"Redis has lost a part of what was built of `{filling.name}`; rebuild it again")


def _ready(note: Note, filling: Filling) -> Note:
    return replace(
        note,
        generation=filling.generation,
        digest=filling.digest,
        reason=filling.reason,
        silent=filling.silent,
        retiring=filling.retiring,
    )


def _told(late: Sequence[int]) -> str:
    numbers = ", ".join(map(str, late))
    return (
        f"what was committed of partitions {numbers} does not reach Redis, though a worker owns them: look at the"
        " worker, then rebuild again; nothing has changed"
    )
