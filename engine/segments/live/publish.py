"""What was committed reaches Redis: sets, serving copies, due instants and transitions, in each partition's order.

Only the owner of a partition publishes it. What is published can be published again without harm: sets and copies are
what they are, and a transition's place in the order is its id on the stream, which Redis takes but once and in order.
The cursor `decisor:published:<p>` moves with the data; where it is behind, the outbox says what is missing, and where
it is gone, Redis has been lost and everything is written again from PostgreSQL.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

from ...ir.instant import format_instant
from ...profiles.serving import pack
from ...profiles.vault import Vault
from ...storage import keys
from ...storage.partitions import give_up_ownership, take_ownership
from .changes import Change, Reason, Transition
from .fence import Command, Fence, expect
from .process import Outcome

if TYPE_CHECKING:
    from psycopg import Connection

STREAM_LENGTH = 100_000  # transitions kept on each partition's stream, roughly; PostgreSQL keeps all
PAGE = 500
FIELDS = ("id", "customer", "segment", "change", "at", "reason", "digest", "cause", "number")
_CHUNK = 200 * (1 + len(FIELDS))  # values of one call
# Appends transitions to a stream, each under its own id; one that is there already is passed over.
_TELL = """
local names = {NAMES}
for first = 2, #ARGV, #names + 1 do
    local entry = {}
    for place, name in ipairs(names) do
        entry[2 * place - 1], entry[2 * place] = name, ARGV[first + place]
    end
    local answer = redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], ARGV[first], unpack(entry))
    if type(answer) == 'table' and answer.err and not string.find(answer.err, 'equal or smaller', 1, true) then
        return answer
    end
end
return 1
""".replace("NAMES", ", ".join(f"'{name}'" for name in FIELDS))
# Moves a cursor that is where it was known to be; whether it was.
_MOVE = """
if (redis.call('GET', KEYS[1]) or '-1') ~= ARGV[1] then
    return 0
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""
SETTLE_SECONDS = 10.0

# The stream refuses the ids of numbers that it has seen; whoever follows the outbox finds the gap and begins anew.
_BEHIND = "UPDATE partition SET seq = %s WHERE number = %s AND seq < %s RETURNING number"
_OUTBOX = "SELECT seq, profile, kind FROM outbox WHERE partition = %s AND seq > %s AND seq <= %s ORDER BY seq LIMIT %s"
_TRANSITIONS = (
    "SELECT seq, segment, profile, number, ms(at), reason, digest, cause, silent FROM transition"
    ' WHERE partition = %s AND seq > %s AND seq <= %s ORDER BY seq, segment COLLATE "C"'
)
_PROFILES = "SELECT profile, version, value, ms(computed_at), ms(due_at) FROM profile WHERE profile = ANY(%s)"
_PAGE = (
    "SELECT profile, version, value, ms(computed_at), ms(due_at) FROM profile WHERE partition = %s AND profile > %s"
    " ORDER BY profile LIMIT %s"
)
_MEMBERS = (
    "SELECT profile, segment FROM (SELECT DISTINCT ON (profile, segment) profile, segment, number FROM transition"
    " WHERE profile = ANY(%s) ORDER BY profile, segment, number DESC) AS latest WHERE mod(number, 2) = 1"
)


class Publisher:
    """Publishes the partitions that its process owns."""

    def __init__(self, redis: Any, connection: Connection, vault: Vault) -> None:
        self._redis = redis
        self._connection = connection
        self._vault = vault
        self._fence = Fence(redis)
        self._published: dict[int, int] = {}

    def close(self) -> None:
        """Give back what is held of Redis."""
        self._fence.close()

    def _batch(self) -> _Batch:
        return _Batch(self._redis, self._fence)

    def adopt(self, partition: int) -> None:
        """Bring Redis up to the last commit of a partition that is owned from now on."""
        self._published[partition] = self._cursor(partition)
        self._outrun(partition, self._published[partition])
        self.catch_up(partition)

    def _outrun(self, partition: int, cursor: int) -> None:
        """Where PostgreSQL has come back with an earlier state: Redis follows, and no number is used again."""
        if self._connection.execute(_BEHIND, (cursor, partition, cursor)).fetchone() is not None:
            self._restore(partition, cursor)

    def _cursor(self, partition: int) -> int:
        """How far Redis says it has come, -1 where it knows nothing."""
        cursor = self._redis.get(keys.published(partition))
        return -1 if cursor is None else int(cursor)

    def abandon(self, partition: int) -> None:
        """The partition is no longer ours, or Redis did not answer: `adopt` comes before the next change."""
        self._published.pop(partition, None)
        self._fence.forget(keys.published(partition))

    @property
    def published(self) -> Mapping[int, int]:
        """By partition, the last number that has reached Redis."""
        return {partition: seq for partition, seq in self._published.items() if seq >= 0}

    def behind(self, partitions: Iterable[int]) -> list[int]:
        """The partitions that must be adopted first."""
        return [partition for partition in partitions if partition not in self._published]

    def catch_up(self, partition: int, upto: int | None = None) -> int:
        """Publish what others have committed, up to a number of the order or all; how many changes that were."""
        if upto is None:
            row = self._connection.execute("SELECT seq FROM partition WHERE number = %s", (partition,)).fetchone()
            upto = row[0] if row else 0
        count = 0
        if 0 <= self._published[partition] < upto:
            # Somebody may have settled it on this very connection, and what is behind must not be published again.
            self._published[partition] = max(self._published[partition], self._cursor(partition))
        while (cursor := self._published[partition]) < upto:
            rows = self._connection.execute(_OUTBOX, (partition, max(cursor, 0), upto, PAGE)).fetchall()
            if cursor < 0 or not rows or rows[0][0] != cursor + 1:
                self._restore(partition, upto)
                return count
            last = rows[-1][0]
            # Copies are written of those whose profile has changed, not only the membership.
            changed = sorted({profile for _, profile, kind in rows if kind != "membership"})
            self._replay(partition, cursor, last, changed)
            self._published[partition] = last
            count += len(rows)
        if cursor < 0:  # nothing was ever committed
            self._batch().send({partition: cursor}, {partition: 0})
            self._published[partition] = 0
        return count

    def publish(self, outcome: Outcome, done: Sequence[Command] = ()) -> None:
        """Publish what this process has just committed, after what others committed before it.

        `done` are commands that acknowledge what it came from.
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
        found = self._connection.execute(_PROFILES, (list(profiles),)).fetchall()
        self._copy(batch, partition, found)
        rows = self._connection.execute(_TRANSITIONS, (partition, after, upto)).fetchall()
        place, last = 0, -1
        for seq, *rest in rows:
            place = place + 1 if seq == last else 1
            last = seq
            batch.transition(partition, seq, place, _transition(rest))
        for profile in set(profiles) - {row[0] for row in found}:
            batch.gone(partition, profile, self._redis.smembers(keys.segments_of(profile)))
        batch.send({partition: after}, {partition: upto})

    def _restore(self, partition: int, upto: int) -> None:
        """Write everything of a partition again."""
        last = ""
        known = {partition: self._published[partition]}
        while True:
            batch = self._batch()
            rows = self._connection.execute(_PAGE, (partition, last, PAGE)).fetchall()
            if not rows:
                break
            self._copy(batch, partition, rows)
            self._members(batch, [row[0] for row in rows])
            batch.send(known)
            last = rows[-1][0]
        batch.send(known, {partition: upto})
        self._published[partition] = upto

    def _members(self, batch: _Batch, profiles: Sequence[str]) -> None:
        """The segments of each customer as PostgreSQL has them, and no others."""
        held: dict[str, set[str]] = {profile: set() for profile in profiles}
        for profile, segment in self._connection.execute(_MEMBERS, (list(profiles),)):
            held[profile].add(segment)
        pipeline = self._redis.pipeline(transaction=False)
        for profile in profiles:
            pipeline.smembers(keys.segments_of(profile))
        for profile, shown in zip(profiles, pipeline.execute(), strict=True):
            for segment in {name.decode() for name in shown} - held[profile]:
                batch.membership(profile, segment, entered=False)
            for segment in held[profile]:
                batch.membership(profile, segment, entered=True)

    def _copy(self, batch: _Batch, partition: int, rows: Sequence[Sequence[Any]]) -> None:
        keys_of = self._vault.serving_keys(self._connection, [row[0] for row in rows])
        for profile, version, value, computed_ms, due_ms in rows:
            batch.copy(partition, profile, pack(version, computed_ms, value, key=keys_of.get(profile)), due_ms)


class _Batch:
    """Commands for one round trip: one transaction on a single server, and on a Cluster the cursors at the end.

    Within a batch only the last word on a membership counts, so sets are changed many members at a time.

    Nothing is sent where a cursor is not where it was known to be: then somebody else owns the partition, and this
    process was asleep when it lost it. (On a Cluster that is looked at beforehand, and once more with the cursor.)
    """

    def __init__(self, redis: Any, fence: Fence) -> None:
        from redis import RedisCluster

        self._redis = redis
        self._fence = fence
        self._cluster = isinstance(redis, RedisCluster)
        self._commands: list[Command] = []
        self._members: dict[tuple[str, str], bool] = {}
        self._due: dict[int, dict[str, int | None]] = {}
        self._told: dict[int, list[str | int]] = {}

    def change(self, change: Change) -> None:
        """A change as it was committed."""
        if change.seq is None:
            self._schedule(change.partition, change.profile, change.due_ms)
            return
        value = change.value if change.sealed is None else change.sealed
        packed = pack(change.version, change.now_ms, value, due_ms=change.slides_ms, then=change.then, key=change.key)
        self.copy(change.partition, change.profile, packed, change.due_ms)
        ordered = sorted(change.transitions, key=lambda each: each.segment)
        for place, transition in enumerate(ordered, start=1):
            self.transition(change.partition, change.seq, place, transition)

    def copy(self, partition: int, profile: str, packed: str, due_ms: int | None) -> None:
        """The serving copy, and when it is next due."""
        self._commands.append(("SET", keys.profile(profile), packed))
        self._schedule(partition, profile, due_ms)

    def transition(self, partition: int, seq: int, place: int, transition: Transition) -> None:
        """Membership both ways, and the transition on its stream."""
        self.membership(transition.profile, transition.segment, entered=transition.entered)
        if not transition.silent:
            self._told.setdefault(partition, []).extend((f"{seq}-{place}", *_entry(transition)))

    def membership(self, profile: str, segment: str, *, entered: bool) -> None:
        """The segment's set and the customer's."""
        self._members[segment, profile] = entered

    def gone(self, partition: int, profile: str, segments: Iterable[bytes]) -> None:
        """Nothing is left of a customer without a row."""
        for segment in segments:
            self._commands.append(("SREM", keys.members(segment.decode()), profile))
        self._commands += [("DEL", keys.segments_of(profile)), ("DEL", keys.profile(profile))]
        self._schedule(partition, profile, None)

    def _schedule(self, partition: int, profile: str, due_ms: int | None) -> None:
        self._due.setdefault(partition, {})[profile] = due_ms

    def send(
        self, known: Mapping[int, int], cursors: Mapping[int, int] | None = None, done: Sequence[Command] = ()
    ) -> None:
        """Send all of it, if the cursors are where they were `known` to be (-1: there was none), and set them.

        What is `done` comes last.

        Raises WatchError if they are not, and the first error that Redis told, but for transitions that it has already.
        """
        self._change_sets()
        self._change_due()
        for partition, told in self._told.items():
            for start in range(0, len(told), _CHUNK):
                part = told[start : start + _CHUNK]
                self._commands.append(("EVAL", _TELL, 1, keys.transitions_stream(partition), STREAM_LENGTH, *part))
        (self._send_in_slots if self._cluster else self._send_at_once)(known, cursors or {}, done)

    def _send_at_once(self, known: Mapping[int, int], cursors: Mapping[int, int], done: Sequence[Command]) -> None:
        moves = [("SET", keys.published(partition), seq) for partition, seq in cursors.items()]
        standing = {keys.published(partition): seq for partition, seq in known.items()}
        _check(self._fence.transact(standing, [*self._commands, *moves, *done]))

    def _send_in_slots(self, known: Mapping[int, int], cursors: Mapping[int, int], done: Sequence[Command]) -> None:
        pipeline = self._redis.pipeline()
        for partition in known:
            pipeline.get(keys.published(partition))
        expect(known, pipeline.execute())
        for command in self._commands:
            pipeline.execute_command(*command)
        _check(pipeline.execute(raise_on_error=False))
        for partition, seq in cursors.items():
            pipeline.execute_command("EVAL", _MOVE, 1, keys.published(partition), known[partition], seq)
        for command in done:
            pipeline.execute_command(*command)
        answers = pipeline.execute(raise_on_error=False)
        _check(answers)
        expect(dict.fromkeys(cursors, 1), answers[: len(cursors)])

    def _change_sets(self) -> None:
        changes: dict[tuple[str, str], list[str]] = {}
        for (segment, profile), entered in self._members.items():
            command = "SADD" if entered else "SREM"
            changes.setdefault((command, keys.members(segment)), []).append(profile)
            changes.setdefault((command, keys.segments_of(profile)), []).append(segment)
        self._commands += [(*command, *members) for command, members in changes.items()]

    def _change_due(self) -> None:
        for partition, due in self._due.items():
            scores = [part for profile, at in due.items() if at is not None for part in (at, profile)]
            gone = [profile for profile, at in due.items() if at is None]
            if scores:
                self._commands.append(("ZADD", keys.due(partition), *scores))
            if gone:
                self._commands.append(("ZREM", keys.due(partition), *gone))


def _check(answers: Iterable[Any]) -> None:
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer


def _entry(transition: Transition) -> tuple[str | int, ...]:
    """The values of FIELDS."""
    return (
        transition.id,
        transition.profile,
        transition.segment,
        "enter" if transition.entered else "exit",
        format_instant(transition.at_ms),
        transition.reason,
        transition.digest,
        transition.cause or "",
        transition.number,
    )


def _transition(row: Sequence[Any]) -> Transition:
    segment, profile, number, at_ms, reason, digest, cause, silent = row
    return Transition(segment, profile, number, at_ms, cast("Reason", reason), digest, cause, silent)


def settle(
    connection: Connection, redis: Any, upto: Mapping[int, int], vault: Vault, seconds: float = SETTLE_SECONDS
) -> list[int]:
    """Wait until what was committed up to these numbers has reached Redis; the partitions where it has not in time.

    A partition that nobody owns is published here. `connection` must not be inside a transaction that other publishers
    wait for, unless its locks are those of the partitions alone.
    """
    deadline = time.monotonic() + seconds
    open_ones = dict(upto)
    while open_ones:
        for partition, seq in list(open_ones.items()):
            if int(redis.get(keys.published(partition)) or -1) >= seq:
                del open_ones[partition]
            elif take_ownership(connection, partition):
                try:
                    publisher = Publisher(redis, connection, vault)
                    with closing(publisher):
                        publisher.adopt(partition)
                    del open_ones[partition]
                finally:
                    give_up_ownership(connection, partition)
        if not open_ones or time.monotonic() >= deadline:
            break
        time.sleep(0.01)
    return sorted(open_ones)
