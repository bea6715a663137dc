"""Turns the decisions of rebuilds into transitions, a bounded number at a time, between batches of live events.

From the switch on, a staged row counts as the newest transition of its customer and segment. Moving it assigns its
number and its place in the partition's order; it is then published like every other change, which also updates the
customer's own set of segments.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..encryption.vault import Vault
from ..profiles.outbox import write_changes
from ..segments.owners import note_running
from ..segments.registry import drop_retired
from ..segments.staging_store import take_staged
from ..segments.transition_store import write_transitions
from ..segments.transitions import Transition
from ..storage.facts import forget_same_facts, put_fact, read_facts
from ..storage.partitions import PARTITION_LOCK, advance, lock_partitions, partition_of
from ..storage.redis_protocol import RedisClient
from ..worker.publish import settle

if TYPE_CHECKING:
    from psycopg import Connection

CHUNK = 1_000  # customers in one transaction, for which live events have to wait …
LARGE_CHUNK = 10_000  # … and when no worker runs

MOVING = "moving:"  # prefix of the facts that name the segments with rows to move, with the generation

_WAITING = (
    "SELECT DISTINCT staged.profile FROM staged_transition AS staged JOIN segment ON segment.name = staged.segment"
    " AND staged.generation <= segment.generation WHERE staged.profile > %s AND staged.segment = ANY(%s)"
    " ORDER BY staged.profile LIMIT %s"
)
_LAST = (
    "SELECT transition.profile, transition.segment, max(transition.number), ms(max(transition.at)) FROM transition"
    " JOIN unnest(%b::text[], %b::text[]) AS given (profile, segment)"
    " ON transition.profile = given.profile AND transition.segment = given.segment GROUP BY 1, 2"
)
_OWNED = (
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND classid = %s"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid())"
)


class Mover:
    """Moves staged rows of all segments, or of some; any process may do so at any time, even several at once."""

    def __init__(self, connection: Connection, segments: Collection[str] | None = None) -> None:
        self._connection = connection
        self._segments = None if segments is None else list(segments)
        self._after = ""

    def move(self, limit: int = CHUNK) -> dict[int, int]:
        """Move the rows of some customers in one transaction; returns the partitions' new numbers, empty when done."""
        generations = read_facts(self._connection, MOVING)
        names = list(generations) if self._segments is None else self._segments
        if not names:
            return {}
        profiles = self._next(names, limit)
        if not profiles and self._after:
            self._after = ""
            profiles = self._next(names, limit)
        if not profiles:
            # If there was another switch in the meantime, the fact holds another generation.
            done = {MOVING + name: generations[name] for name in names if name in generations}
            forget_same_facts(self._connection, done)
            drop_retired(self._connection)
            return {}
        self._after = profiles[-1]
        with self._connection.transaction():
            last = lock_partitions(self._connection, {partition_of(profile) for profile in profiles})
            self._write(take_staged(self._connection, profiles), last)
            advance(self._connection, last)
        return last

    def _next(self, names: Sequence[str], limit: int) -> list[str]:
        rows = self._connection.execute(_WAITING, (self._after, list(names), limit))
        return [row[0] for row in rows]

    def _write(self, staged: Sequence[tuple[Transition, bool]], last: dict[int, int]) -> None:
        last_of = self._last(staged)
        seqs: dict[str, tuple[int, int]] = {}
        rows = []
        for each, enter in staged:
            number, before_ms = last_of.get((each.profile, each.segment), (0, 0))
            if enter == (number % 2 == 1):
                continue  # the membership is so already
            at_ms = max(each.at_ms, before_ms)  # the last one may come from another clock
            last_of[each.profile, each.segment] = number + 1, at_ms
            if each.profile not in seqs:
                partition = partition_of(each.profile)
                last[partition] += 1
                seqs[each.profile] = partition, last[partition]
            rows.append((replace(each, number=number + 1, at_ms=at_ms), *seqs[each.profile]))
        if rows:
            write_transitions(self._connection, rows)
            partitions, numbers = zip(*seqs.values(), strict=True)
            write_changes(self._connection, partitions, numbers, seqs, "membership")

    def _last(self, staged: Sequence[tuple[Transition, bool]]) -> dict[tuple[str, str], tuple[int, int]]:
        """The number and instant of the last transition, by customer and segment."""
        pairs = ([each.profile for each, _ in staged], [each.segment for each, _ in staged])
        rows = self._connection.execute(_LAST, pairs)
        return {(profile, segment): (number, at_ms) for profile, segment, number, at_ms in rows}


def note_moving(connection: Connection, segment: str, generation: int) -> None:
    """Record, in the transaction of a switch, that the segment's staged rows are to be moved from now on."""
    put_fact(connection, MOVING + segment, str(generation))


def move_all(connection: Connection, redis: RedisClient, vault: Vault, segments: Collection[str] | None = None) -> int:
    """Move everything that is staged, publishing each chunk before the next; returns the number of transactions.

    Waits up to ten seconds per chunk for a worker that is too busy to publish; it publishes the rest gradually.
    """
    mover = Mover(connection, segments)
    count = 0
    while last := mover.move(LARGE_CHUNK if _is_alone(connection) else CHUNK):
        settle(connection, redis, last, vault)
        count += 1
    note_running(connection, redis)  # a segment that has ended may be gone now
    return count


def _is_alone(connection: Connection) -> bool:
    """Whether no worker runs."""
    row = connection.execute(_OWNED, (PARTITION_LOCK,)).fetchone()
    return row is not None and not row[0]
