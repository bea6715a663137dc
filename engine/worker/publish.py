"""Publishes to Redis what was committed: sets, serving copies, due instants and transitions, in partition order.

Only the owner of a partition publishes it. Publishing again is harmless: writing sets and copies is idempotent, and a
transition's place in the order is its id on the stream, which Redis accepts only once and in order. The cursor
`decisor:published:<p>` moves with the data. If it is behind, the outbox says what is missing; if it is gone, Redis has
lost its data, and everything is written again from PostgreSQL. On a Cluster, `witnesses` track what each node has.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

from ..encryption.vault import Vault
from ..profiles.outbox import read_changes
from ..segments.owners import engine_sets
from ..segments.transitions import Reason, Transition
from ..storage import keys
from ..storage.partitions import hold_ownership, raise_to
from ..storage.redis_protocol import RedisClient
from .copies import Copies, memberships
from .fence import Command, Fence, expect
from .redis_batch import Batch, move
from .transaction import Outcome
from .witnesses import lost_error, witnesses_of

if TYPE_CHECKING:
    from psycopg import Connection

LOG = logging.getLogger("decisor.worker")
PAGE = 500
SETTLE_SECONDS = 10.0
_VERIFY_EVERY = 0.5  # seconds between checks of what the nodes of a Cluster have

_TRANSITIONS = (
    "SELECT seq, segment, profile, number, ms(at), reason, digest, cause, silent FROM transition"
    ' WHERE partition = %s AND seq > %s AND seq <= %s ORDER BY seq, segment COLLATE "C"'
)
_SEGMENTS = "SELECT name FROM segment"


class Publisher:
    """Publishes the partitions that its process owns."""

    def __init__(self, redis: RedisClient, connection: Connection, vault: Vault) -> None:
        self._redis = redis
        self._connection = connection
        self._copies = Copies(connection, vault)
        self._fence = Fence(redis)
        self._witnesses = witnesses_of(redis)
        self._published: dict[int, int] = {}
        self._next_look = 0.0
        self._gone: set[str] = set()

    def take_gone(self) -> set[str]:
        """The customers found to no longer exist since the last call; each is returned once."""
        found, self._gone = self._gone, set()
        return found

    def close(self) -> None:
        """Release the connection to Redis."""
        self._fence.close()

    def _batch(self) -> Batch:
        return Batch(self._redis, self._fence, self._witnesses)

    def adopt(self, partition: int) -> None:
        """Bring Redis up to the last commit of a partition that this process owns from now on."""
        cursor = self._cursor(partition)
        self._published[partition] = self._lower_cursor(partition, cursor)
        self._outrun(partition, cursor)
        self.catch_up(partition)

    def _lower_cursor(self, partition: int, cursor: int) -> int:
        """The cursor, moved back if a node of a Cluster has less than it says."""
        least = cursor if self._witnesses is None else self._witnesses.begin(partition, cursor)
        if least < cursor:
            expect({partition: 1}, [self._redis.execute_command(*move(partition, cursor, least))])
        return least

    def verify(self) -> None:
        """Check that every node of a Cluster still has what was published. Raises WatchError if one has less."""
        if self._witnesses is None or time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _VERIFY_EVERY
        if not self._witnesses.stand(self._published):
            raise lost_error()

    def _outrun(self, partition: int, cursor: int) -> None:
        """Handle a PostgreSQL restored to an earlier state: Redis follows it, and no number is used twice."""
        if raise_to(self._connection, partition, cursor):
            LOG.warning(
                "PostgreSQL has an earlier state than Redis in partition %d, as after a restored backup: Redis follows"
                " it. Customers that only Redis has are removed by the audit of a running worker, or at once by"
                " `decisor segments reconcile`",
                partition,
            )
            self._restore(partition, cursor)

    def _cursor(self, partition: int) -> int:
        """The last number that Redis has, -1 if there is none."""
        cursor = self._redis.get(keys.published_cursor(partition))
        return -1 if cursor is None else int(cursor)

    def abandon(self, partition: int) -> None:
        """Stop publishing a partition that is no longer ours; `adopt` must come before its next change."""
        self._published.pop(partition, None)
        self._fence.forget(keys.published_cursor(partition))

    @property
    def published_numbers(self) -> Mapping[int, int]:
        """The last number that has reached Redis, by partition."""
        return {partition: seq for partition, seq in self._published.items() if seq >= 0}

    def catch_up(self, partition: int, upto: int | None = None) -> int:
        """Publish what others have committed, all of it or up to a number; returns the number of changes."""
        if upto is None:
            row = self._connection.execute("SELECT seq FROM partition WHERE number = %s", (partition,)).fetchone()
            upto = row[0] if row else 0
        count = 0
        if 0 <= self._published[partition] < upto:
            # `settle` may have published it on this very connection, and older changes must not be published again.
            self._published[partition] = max(self._published[partition], self._cursor(partition))
            self._fence.forget(keys.published_cursor(partition))
        while (cursor := self._published[partition]) < upto:
            rows = read_changes(self._connection, partition, max(cursor, 0), upto, PAGE)
            if cursor < 0 or not rows or rows[-1][0] != cursor + len(rows):  # some have been pruned
                self._restore(partition, upto)
                return count
            last = rows[-1][0]
            # Serving copies are written only for changed profiles, not for changes of membership alone.
            changed = sorted({profile for _, profile, kind in rows if kind != "membership"})
            self._replay(partition, cursor, last, changed)
            self._published[partition] = last
            count += len(rows)
        return count

    def publish(self, outcome: Outcome, done: Sequence[Command] = ()) -> None:
        """Publish what this process has just committed, after what others committed before it.

        `done` are the commands that acknowledge the entries it came from.
        """
        for partition, seq in outcome.before.items():
            if self._published[partition] < seq:
                self.catch_up(partition, seq)
        batch = self._batch()
        for change in outcome.changes:
            batch.change(change)
        batch.send(outcome.before, outcome.after, done)
        self._published.update(outcome.after)

    def _replay(self, partition: int, after: int, upto: int, profiles: Sequence[str]) -> None:
        batch = self._batch()
        found = self._copies.of(profiles)
        for copy in found:
            batch.copy(partition, copy.profile, copy.packed, copy.due_ms)
        rows = self._connection.execute(_TRANSITIONS, (partition, after, upto)).fetchall()
        place, last = 0, -1
        for seq, *rest in rows:
            place = place + 1 if seq == last else 1
            last = seq
            batch.transition(partition, seq, place, _transition(rest))
        if gone := set(profiles) - {copy.profile for copy in found}:
            # The customers' own sets may already be gone, and a node of a Cluster may have come back with old ones.
            names = {row[0].encode() for row in self._connection.execute(_SEGMENTS)}
            names |= {name.encode() for name in engine_sets(self._redis)}
            self._gone |= gone
            for profile in gone:
                batch.remove(partition, profile, names | self._redis.smembers(keys.segments_of(profile)))
        batch.send({partition: after}, {partition: upto})

    def _restore(self, partition: int, upto: int) -> None:
        """Write everything of a partition again."""
        last = ""
        known = {partition: self._published[partition]}
        while True:
            batch = self._batch()
            copies = self._copies.page(partition, last, PAGE)
            if not copies:
                break
            for copy in copies:
                batch.copy(partition, copy.profile, copy.packed, copy.due_ms)
            self._members(batch, [copy.profile for copy in copies])
            batch.send(known)
            last = copies[-1].profile
        batch.send(known, {partition: upto})
        self._published[partition] = upto

    def _engine_sets(self) -> set[str]:
        return engine_sets(self._redis, [row[0] for row in self._connection.execute(_SEGMENTS)])

    def _members(self, batch: Batch, profiles: Sequence[str]) -> None:
        """Make each customer's segments in Redis those of PostgreSQL, apart from sets made by a SegmentationEngine.

        A customer is removed from segments they have left even if their own set does not name them: on a Cluster the
        two may date from different times.
        """
        held = memberships(self._connection, profiles)
        pipeline = self._redis.pipeline(transaction=False)
        for profile in profiles:
            pipeline.smembers(keys.segments_of(profile))
        for profile, shown in zip(profiles, pipeline.execute(), strict=True):
            strange = {name.decode() for name in shown} - held[profile].keys()
            for segment in strange - self._engine_sets() if strange else ():
                batch.membership(profile, segment, entered=False)
            for segment, entered in held[profile].items():
                batch.membership(profile, segment, entered=entered)


def _transition(row: Sequence[Any]) -> Transition:
    segment, profile, number, at_ms, reason, digest, cause, silent = row
    return Transition(segment, profile, number, at_ms, cast("Reason", reason), digest, cause, silent)


def settle(
    connection: Connection, redis: RedisClient, upto: Mapping[int, int], vault: Vault, seconds: float = SETTLE_SECONDS
) -> list[int]:
    """Wait until everything committed up to these numbers has reached Redis; returns the partitions that timed out.

    A partition that nobody owns is published here. `connection` must not be inside a transaction that other publishers
    wait for, unless that holds only the locks of the partitions.
    """
    deadline = time.monotonic() + seconds
    open_ones = dict(upto)
    while open_ones:
        for partition, seq in list(open_ones.items()):
            if int(redis.get(keys.published_cursor(partition)) or -1) >= seq:
                del open_ones[partition]
                continue
            with hold_ownership(connection, partition) as owned:
                if owned:
                    with closing(Publisher(redis, connection, vault)) as publisher:
                        publisher.adopt(partition)
                    del open_ones[partition]
        if not open_ones or time.monotonic() >= deadline:
            break
        time.sleep(0.01)
    return sorted(open_ones)
