"""Collects changes to Redis and sends them at once, guarded by the cursors that say how far publishing has come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..ir.instant import format_instant
from ..profiles.serving import pack
from ..segments.transitions import Transition
from ..storage import keys
from ..storage.redis_protocol import RedisClient
from .changes import Change
from .fence import Command, Fence, expect
from .sequence import FIELDS, TELL, alone, check_each, check_ran, run
from .witnesses import Witnesses, lost_error

_ARGUMENTS = 2_000  # values in one command; Lua unpacks no more than a few thousand at once
# Moves a cursor if it is where it was known to be; answers whether it was.
_MOVE = """
if (redis.call('GET', KEYS[1]) or '-1') ~= ARGV[1] then
    return 0
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""


class Batch:
    """Commands for one round trip: one transaction on a single server; on a Cluster, with the cursors last.

    Within a batch only the last change of a membership counts, so sets are changed many members at a time.

    Nothing is sent if a cursor is not where it was known to be: another process then owns the partition, and this one
    was suspended when it lost it. On a Cluster this is checked beforehand, and again when the cursor moves: a process
    suspended in between has written data that is outdated by then, and makes its successor publish it again.
    """

    def __init__(self, redis: RedisClient, fence: Fence, witnesses: Witnesses | None) -> None:
        self._redis = redis
        self._fence = fence
        self._witnesses = witnesses
        self._copies: list[Command] = []  # never refused, whatever type the key has
        self._commands: list[Command] = []
        self._members: dict[tuple[str, str], bool] = {}
        self._due: dict[int, dict[str, int | None]] = {}
        self._streamed: dict[int, list[str | int]] = {}

    def change(self, change: Change) -> None:
        """Add a committed change."""
        if change.seq is None:
            self._schedule(change.partition, change.profile, change.due_ms)
            return
        value = change.value if change.sealed is None else change.sealed
        packed = pack(change.version, change.now_ms, value, change.slide, key=change.key)
        self.copy(change.partition, change.profile, packed, change.due_ms)
        ordered = sorted(change.transitions, key=lambda each: each.segment)
        for place, transition in enumerate(ordered, start=1):
            self.transition(change.partition, change.seq, place, transition)

    def copy(self, partition: int, profile: str, packed: str, due_ms: int | None) -> None:
        """Add a serving copy, and when the customer is next due."""
        self._copies.append(("SET", keys.profile(profile), packed))
        self._schedule(partition, profile, due_ms)

    def transition(self, partition: int, seq: int, place: int, transition: Transition) -> None:
        """Add a transition: the membership in both sets, and an entry on the stream unless it is silent."""
        self.membership(transition.profile, transition.segment, entered=transition.entered)
        if not transition.silent:
            self._streamed.setdefault(partition, []).extend((f"{seq}-{place}", *_entry(transition)))

    def membership(self, profile: str, segment: str, *, entered: bool) -> None:
        """Add a membership: to the segment's set and to the customer's."""
        self._members[segment, profile] = entered

    def remove(self, partition: int, profile: str, segments: Iterable[bytes]) -> None:
        """Remove everything about a customer who no longer has a row."""
        for segment in segments:
            self._commands.append(("SREM", keys.members(segment.decode()), profile))
        self._copies += [("DEL", keys.segments_of(profile)), ("DEL", keys.profile(profile))]
        self._schedule(partition, profile, None)

    def _schedule(self, partition: int, profile: str, due_ms: int | None) -> None:
        self._due.setdefault(partition, {})[profile] = due_ms

    def send(
        self, known: Mapping[int, int], cursors: Mapping[int, int] | None = None, done: Sequence[Command] = ()
    ) -> None:
        """Send everything if the cursors are where they were `known` to be (-1: there was none), and set `cursors`.

        The commands of `done` come last.

        Raises WatchError if a cursor is elsewhere, WrongTypeError if a key has the wrong type, and whatever else Redis
        refuses, except transitions that it already has. No cursor has moved then, and nothing of `done` has run.
        """
        self._change_sets()
        self._change_due()
        chunk = _ARGUMENTS // (1 + len(FIELDS)) * (1 + len(FIELDS))
        for partition, told in self._streamed.items():
            self._commands += _split((TELL, keys.transitions_stream(partition)), told, chunk)
        if self._witnesses is None:
            self._send_at_once(known, cursors or {}, done)
        else:
            self._send_in_slots(known, cursors or {}, done, self._witnesses)

    def _send_at_once(self, known: Mapping[int, int], cursors: Mapping[int, int], done: Sequence[Command]) -> None:
        moves = [("SET", keys.published_cursor(partition), seq) for partition, seq in cursors.items()]
        standing = {keys.published_cursor(partition): seq for partition, seq in known.items()}
        commands = [*self._commands, *moves, *_short(done)]
        *copied, ran = self._fence.transact(standing, [*self._copies, run(commands)])
        check_each(copied, self._copies)
        check_ran(ran, commands)

    def _send_in_slots(
        self, known: Mapping[int, int], cursors: Mapping[int, int], done: Sequence[Command], witnesses: Witnesses
    ) -> None:
        pipeline = self._redis.pipeline()
        for partition in known:
            pipeline.get(keys.published_cursor(partition))
        expect(known, pipeline.execute())
        commands = [*self._copies, *self._commands]
        for command in commands:
            pipeline.execute_command(*alone(command))
        written = pipeline.execute(raise_on_error=False)
        moved = {} if any(isinstance(answer, Exception) for answer in written) else cursors
        for partition, seq in known.items():
            stands = "GET", keys.published_cursor(partition)
            pipeline.execute_command(*(move(partition, seq, moved[partition]) if partition in moved else stands))
        told = [*(witnesses.moves(known, moved) if moved else ())]
        for command in (*told, *(_short(done) if moved is cursors else ())):
            pipeline.execute_command(*command)
        answers = pipeline.execute(raise_on_error=False)
        wanted = {partition: 1 if partition in moved else seq for partition, seq in known.items()}
        found = dict(zip(known, answers, strict=False))
        if lost_ones := [each for each in known if not _is(found[each], wanted[each])]:
            # What was written may be outdated; without cursors it can be of any age, so everything is written again.
            witnesses.put_back({partition: known[partition] if cursors else -1 for partition in lost_ones})
        check_each(written, commands)
        _check(answers)
        expect(wanted, found.values())
        if any(answers[len(known) : len(known) + len(told)]):
            raise lost_error()

    def _change_sets(self) -> None:
        changes: dict[tuple[str, str], list[str]] = {}
        for (segment, profile), entered in self._members.items():
            command = "SADD" if entered else "SREM"
            changes.setdefault((command, keys.members(segment)), []).append(profile)
            changes.setdefault((command, keys.segments_of(profile)), []).append(segment)
        for key, members in changes.items():
            self._commands += _split(key, members)

    def _change_due(self) -> None:
        for partition, due in self._due.items():
            scores = [part for profile, at in due.items() if at is not None for part in (at, profile)]
            gone = [profile for profile, at in due.items() if at is None]
            self._commands += _split(("ZADD", keys.due(partition)), scores)
            self._commands += _split(("ZREM", keys.due(partition)), gone)


def move(partition: int, known: int, seq: int) -> Command:
    """The command that moves a cursor from where it is known to be; it answers 1 if it was there."""
    return "EVAL", _MOVE, 1, keys.published_cursor(partition), known, seq


def _split(command: Command, values: Sequence[Any], most: int = _ARGUMENTS) -> Iterator[Command]:
    """The command, repeated as often as it takes for all the values; not at all if there are none."""
    for first in range(0, len(values), most):
        yield *command, *values[first : first + most]


def _short(done: Iterable[Command]) -> Iterator[Command]:
    """Acknowledgements, split so that none has more values than one command takes."""
    for name, stream, group, *ids in done:
        for first in range(0, len(ids), _ARGUMENTS):
            yield name, stream, group, *ids[first : first + _ARGUMENTS]


def _is(answer: Any, number: int) -> bool:
    """Whether a cursor is where it must be; True also if Redis answered with an error."""
    return isinstance(answer, Exception) or (-1 if answer is None else int(answer)) == number


def _check(answers: Iterable[Any]) -> None:
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer


def _entry(transition: Transition) -> tuple[str | int, ...]:
    """The transition's values of FIELDS."""
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
