"""The audit compares conditions, PostgreSQL and Redis page by page, and repairs what differs.

A page is compared while its partition's row is locked and everything committed is published, so nothing is in progress
and each difference is real. Customers who have just become due are left to the worker.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from ..encryption.sealing import SEALED, is_sealed
from ..encryption.vault import Vault
from ..index.audit import IndexAudit
from ..profiles.serving import unpack
from ..segments.definitions import Live
from ..segments.owners import engine_sets, note_running
from ..segments.sets import customers_in
from ..storage import keys
from ..storage.partitions import lock_partitions, partition_of
from ..storage.redis_protocol import RedisClient
from ..worker.load import Loader, next_profiles
from ..worker.publish import SETTLE_SECONDS, settle
from ..worker.state import Cache, State, overridden_segments
from ..worker.transaction import Outcome, Processor

if TYPE_CHECKING:
    from psycopg import Connection

PAGE = 100
_TRIES, _PAUSE = 100, 0.1  # for a page with changes in progress; seconds
SCAN = 100  # members examined in one step

_STAGED = "SELECT EXISTS (SELECT FROM staged_transition)"


@dataclass(slots=True)
class Divergence:
    """The number of comparisons, and of differences of each kind; all of those were repaired."""

    customers: int = 0
    comparisons: int = 0
    verdicts: int = 0
    sets: int = 0
    reverse: int = 0
    copies: int = 0
    strangers: int = 0
    index: int = 0

    @property
    def differences(self) -> int:
        """All differences."""
        return self.verdicts + self.sets + self.reverse + self.copies + self.strangers + self.index

    def add(self, other: Divergence) -> None:
        """Add the counts of another page."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


class Audit:
    """Compares customers in key order, a page at a time; `index` compares the search index too, if there is one."""

    def __init__(
        self,
        processor: Processor,
        redis: RedisClient,
        vault: Vault,
        publish: Callable[[Outcome], None],
        index: IndexAudit | None = None,
    ) -> None:
        self._processor = processor
        self._redis = redis
        self._vault = vault
        self._publish = publish
        self._index = index

    def page(
        self, partition: int, after: str, now_ms: int, limit: int = PAGE, *, whole: bool = True
    ) -> tuple[Divergence, str | None]:
        """Compare and repair the customers after `after`; returns the last one's key too, None if there were no more.

        Without `whole`, only the sets of a customer's own segments are checked; `strangers` finds members who do not
        belong in a set.
        """
        connection = self._processor.connection
        found = Divergence()
        with connection.transaction():
            seq = lock_partitions(connection, [partition])[partition]
            row = connection.execute(_STAGED).fetchone()
            if (row and row[0]) or int(self._redis.get(keys.published_cursor(partition)) or -1) < seq:
                return found, after
            profiles = next_profiles(connection, partition, after, limit)
            if not profiles:
                return found, None
            live = self._processor.live()
            states = Loader(Cache(0, 0), self._vault, live.key).load(connection, profiles)
            settled = [state for state in states.values() if state.due_ms is None or state.due_ms > now_ms]
            wrong = [state.profile for state in settled if _diverges(live, state, now_ms, found)]
            wrong += self._compare_redis(live, list(states.values()), found, whole=whole)
        found.customers += len(profiles)
        if self._index is not None:
            wrong_index = self._index.compare(connection, partition, profiles)
            found.index += len(wrong_index)
            wrong = sorted({*wrong, *wrong_index})
        if wrong:
            self._publish(self._processor.touch(wrong, "backfill", now_ms))
        return found, profiles[-1]

    def strangers(self, segment: str, cursor: int) -> tuple[int, int]:
        """Remove members that PostgreSQL does not know from part of a set; returns their number and the next cursor."""
        cursor, found = self._redis.sscan(keys.members(segment), cursor, count=SCAN)
        members = sorted({each.decode() for each in found})
        if not members:
            return 0, cursor
        connection = self._processor.connection
        known = {
            row[0]
            for row in connection.execute(
                "SELECT profile FROM (SELECT DISTINCT ON (profile) profile, number FROM transition"
                " WHERE segment = %s AND profile = ANY(%s) ORDER BY profile, number DESC) AS latest"
                " WHERE mod(number, 2) = 1 UNION SELECT profile FROM staged_transition"
                " WHERE segment = %s AND profile = ANY(%s) AND enter",
                (segment, members, segment, members),
            )
        }
        wrong = [each for each in members if each not in known]
        return self._remove(segment, wrong), cursor

    def unknown(self, customers: Sequence[str]) -> int:
        """Remove serving copies and segments of customers who have no row, as after an erasure; returns their number.

        A Redis restored to an earlier state can bring back what was erased from it.
        """
        connection = self._processor.connection
        rows = connection.execute("SELECT profile FROM profile WHERE profile = ANY(%s)", (list(customers),)).fetchall()
        known = {row[0] for row in rows}
        count = 0
        for customer in sorted(set(customers) - known):
            partition = partition_of(customer)
            with connection.transaction():
                seq = lock_partitions(connection, [partition])[partition]
                row = connection.execute("SELECT FROM profile WHERE profile = %s", (customer,)).fetchone()
                if row is not None or int(self._redis.get(keys.published_cursor(partition)) or -1) < seq:
                    continue  # it is known after all, or on its way
                own = keys.segments_of(customer)
                names = {segment.decode() for segment in self._redis.smembers(own)} | engine_sets(self._redis)
                for segment in names:
                    self._redis.srem(keys.members(segment), customer)
                count += bool(self._redis.delete(own)) | bool(self._redis.delete(keys.profile(customer)))
                self._redis.zrem(keys.due(partition), customer)
        return count

    def _remove(self, segment: str, wrong: Sequence[str]) -> int:
        """Remove them under the locks of their partitions, unless they have become members in the meantime."""
        count = 0
        connection = self._processor.connection
        for customer in wrong:
            with connection.transaction():
                partition = partition_of(customer)
                seq = lock_partitions(connection, [partition])[partition]
                published_cursor = int(self._redis.get(keys.published_cursor(partition)) or -1) >= seq
                row = connection.execute(
                    "SELECT mod(number, 2) FROM transition WHERE segment = %s AND profile = %s"
                    " ORDER BY number DESC LIMIT 1",
                    (segment, customer),
                ).fetchone()
                if published_cursor and (row is None or row[0] == 0):
                    count += self._redis.srem(keys.members(segment), customer)
                    self._redis.srem(keys.segments_of(customer), segment)
        return count

    def _compare_redis(self, live: Live, states: Sequence[State], found: Divergence, *, whole: bool) -> list[str]:
        """Repair the sets; returns the customers whose serving copy must be written again."""
        held = {state.profile: _active_segments(state, live) for state in states}
        asked = {state.profile: sorted(live.active if whole else held[state.profile]) for state in states}
        pipeline = self._redis.pipeline(transaction=False)
        for profile, names in asked.items():
            for name in names:
                pipeline.sismember(keys.members(name), profile)
        pairs = [(profile, name) for profile, names in asked.items() for name in names]
        for profile in asked:
            pipeline.smembers(keys.segments_of(profile))
            pipeline.get(keys.profile(profile))
        answers = pipeline.execute()
        repair = self._redis.pipeline(transaction=False)
        for (profile, name), flag in zip(pairs, answers, strict=False):
            if bool(flag) != (name in held[profile]):
                found.sets += 1
                (repair.srem if flag else repair.sadd)(keys.members(name), profile)
        found.comparisons += len(pairs)
        wrong = []
        for state, (segments, text) in zip(states, _pairs(answers[len(pairs) :]), strict=True):
            shown = {each.decode() for each in segments}
            differing = shown ^ held[state.profile]
            if differing - live.active.keys():
                differing -= engine_sets(self._redis, live.active)
            for name in differing:
                found.reverse += 1
                (repair.srem if name in shown else repair.sadd)(keys.segments_of(state.profile), name)
            if not _is_copy(state, text):
                found.copies += 1
                wrong.append(state.profile)
        found.comparisons += 2 * len(states)
        repair.execute()
        return wrong


def reconcile(
    connection: Connection,
    redis: RedisClient,
    vault: Vault,
    now_ms: int,
    index: IndexAudit | None = None,
    seconds: float = SETTLE_SECONDS,
) -> Divergence:
    """Compare every customer and every set once, and repair what differs.

    A partition with a worker is published by that worker, one without by this process. Raises BusyError, also if
    committed changes have not reached this Redis within `seconds`.
    """
    from ..storage.partitions import PARTITIONS

    processor = Processor(connection, vault)
    found = Divergence()
    note_running(connection, redis)

    def settle_or_refuse(upto: Mapping[int, int]) -> None:
        _refuse_late(settle(connection, redis, upto, vault, seconds))

    def publish(outcome: Outcome) -> None:
        settle_or_refuse(outcome.after)

    audit = Audit(processor, redis, vault, publish, index)
    for partition in range(PARTITIONS):
        after: str | None = ""
        while after is not None:
            before = after
            for _ in range(_TRIES):
                row = connection.execute("SELECT seq FROM partition WHERE number = %s", (partition,)).fetchone()
                settle_or_refuse({partition: row[0] if row else 0})
                page, after = audit.page(partition, before, now_ms)
                found.add(page)
                if after != before:
                    break
                time.sleep(_PAUSE)
            else:
                raise BusyError(
                    f"partition {partition} never settled, so it could not be compared; is a rebuild running?"
                )
    for segment in processor.live().active:
        cursor = -1
        while cursor != 0:
            strangers, cursor = audit.strangers(segment, max(cursor, 0))
            found.strangers += strangers
    for customers in customers_in(redis):
        found.strangers += audit.unknown(customers)
    return found


def _refuse_late(partitions: Sequence[int]) -> None:
    if partitions:
        raise BusyError(
            f"partition {partitions[0]}: committed changes do not reach this Redis, although a worker owns the"
            " partition; is DECISOR_REDIS_URL the worker's, and is the worker healthy?"
        )


class BusyError(RuntimeError):
    """A partition could not be compared because too much was in progress; nothing is wrong."""


def _active_segments(state: State, live: Live) -> set[str]:
    return {name for name, number in (state.held or {}).items() if number % 2 == 1 and name in live.active}


def _diverges(live: Live, state: State, now_ms: int, found: Divergence) -> bool:
    """Whether profile or membership differ from what events and conditions yield now."""
    value = live.fold(state.profile, state.events, now_ms)
    included, excluded = overridden_segments(state, now_ms)
    wanted = (set(live.match(value, state.events, now_ms)) | included) - excluded
    differing = (wanted & live.active.keys()) ^ _active_segments(state, live)
    found.comparisons += len(live.active) + 1
    found.verdicts += len(differing) + (value != state.value)
    return bool(differing) or value != state.value


def _is_copy(state: State, text: bytes | None) -> bool:
    """Whether the serving copy matches the profile; its version may be older, if Redis did not need the change."""
    if text is None or not _opens(text):
        return False
    copy = unpack(text, state.profile, 0)
    return copy.version <= state.version and _is_same(copy.profile, state.value)


def _opens(text: bytes) -> bool:
    """Whether a copy carries the key for its sealed values; that the key opens them is assumed."""
    packed = json.loads(text)
    return packed.get("k") is not None or not is_sealed([packed["p"], packed.get("then", {})])


def _is_same(copied: Any, value: Any) -> bool:
    """Whether a value equals the copied one; sealed values in the copy are assumed to match."""
    if isinstance(copied, dict) and SEALED in copied:
        return value is not None
    if isinstance(copied, dict) and isinstance(value, dict):
        return copied.keys() == value.keys() and all(_is_same(copied[name], value[name]) for name in copied)
    if isinstance(copied, list) and isinstance(value, list):
        return len(copied) == len(value) and all(map(_is_same, copied, value))
    return bool(copied == value)


def _pairs(answers: Sequence[Any]) -> list[tuple[Any, Any]]:
    return list(zip(answers[::2], answers[1::2], strict=True))
