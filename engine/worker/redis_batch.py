"""What changes in Redis, gathered and sent at once, behind the cursors that say how far it has come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..ir.instant import format_instant
from ..profiles.serving import pack
from ..segments.transitions import Transition
from ..storage import keys
from .changes import Change
from .fence import Command, Fence, expect
from .witnesses import Witnesses, lost

STREAM_LENGTH = 100_000  # transitions kept on each partition's stream, roughly; PostgreSQL keeps all
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


class Batch:
    """Commands for one round trip: one transaction on a single server, and on a Cluster the cursors at the end.

    Within a batch only the last word on a membership counts, so sets are changed many members at a time.

    Nothing is sent where a cursor is not where it was known to be: then somebody else owns the partition, and this
    process was asleep when it lost it. On a Cluster that is looked at beforehand, and once more with the cursor: a
    process that slept in between has written what is old by then, and lets its successor publish that again.
    """

    def __init__(self, redis: Any, fence: Fence, witnesses: Witnesses | None) -> None:
        self._redis = redis
        self._fence = fence
        self._witnesses = witnesses
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
        if self._witnesses is None:
            self._send_at_once(known, cursors or {}, done)
        else:
            self._send_in_slots(known, cursors or {}, done, self._witnesses)

    def _send_at_once(self, known: Mapping[int, int], cursors: Mapping[int, int], done: Sequence[Command]) -> None:
        moves = [("SET", keys.published(partition), seq) for partition, seq in cursors.items()]
        standing = {keys.published(partition): seq for partition, seq in known.items()}
        _check(self._fence.transact(standing, [*self._commands, *moves, *done]))

    def _send_in_slots(
        self, known: Mapping[int, int], cursors: Mapping[int, int], done: Sequence[Command], witnesses: Witnesses
    ) -> None:
        pipeline = self._redis.pipeline()
        for partition in known:
            pipeline.get(keys.published(partition))
        expect(known, pipeline.execute())
        for command in self._commands:
            pipeline.execute_command(*command)
        written = pipeline.execute(raise_on_error=False)
        moved = {} if any(isinstance(answer, Exception) for answer in written) else cursors
        for partition, seq in known.items():
            stands = "GET", keys.published(partition)
            pipeline.execute_command(*(move(partition, seq, moved[partition]) if partition in moved else stands))
        told = [*(witnesses.moves(known, moved) if moved else ())]
        for command in (*told, *(done if moved is cursors else ())):
            pipeline.execute_command(*command)
        answers = pipeline.execute(raise_on_error=False)
        wanted = {partition: 1 if partition in moved else seq for partition, seq in known.items()}
        found = dict(zip(known, answers, strict=False))
        if lost_ones := [each for each in known if not _is(found[each], wanted[each])]:
            # What was written may be old; without cursors it can be of any age, and everything is written again.
            witnesses.put_back({partition: known[partition] if cursors else -1 for partition in lost_ones})
        _check([*written, *answers])
        expect(wanted, found.values())
        if any(answers[len(known) : len(known) + len(told)]):
            raise lost()

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


def move(partition: int, known: int, seq: int) -> Command:
    """The command that moves a cursor from where it is known to be; it answers with 1 if it was there."""
    return "EVAL", _MOVE, 1, keys.published(partition), known, seq


def _is(answer: Any, number: int) -> bool:
    """Whether a cursor is what it must be, as far as Redis has told."""
    return isinstance(answer, Exception) or (-1 if answer is None else int(answer)) == number


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
