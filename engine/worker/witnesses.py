"""Tracks what each primary of a Cluster has, by a key on that primary, to notice one that comes back with less.

The cursor of a partition is on one node, but the data it describes is on all of them. So every primary has a witness
next to its data: a hash with the last published number of each partition. It is written after the data, and only if it
has the expected number: a primary that was lost, was restored from an older state, or was replaced by a lagging replica
refuses. The next owner then publishes again from the lowest number that a primary still has. A process that wrote after
it had lost the partition, because it was suspended, lowers the numbers, so that the owner publishes again.

A witness is in one of the primary's own slots, the first in a fixed shuffled order, so that few witnesses change when
slots move. A newly placed witness says nothing about the past; which ones existed is noted next to each number.
"""

from __future__ import annotations

import logging
from binascii import crc_hqx
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from ..storage import keys
from ..storage.redis_client import cluster_of
from ..storage.redis_protocol import RedisClient
from .fence import Command

LOG = logging.getLogger("decisor.worker")

SLOTS: Final = 16_384
_STEP = 16  # a primary with fewer contiguous slots than this may be without a witness until it has more
_CANDIDATES: Final = tuple(_STEP * (place * 617 % (SLOTS // _STEP)) for place in range(SLOTS // _STEP))

# Moves the numbers of partitions if each is at least the known one; answers how many were lower or gone.
_MOVE = """
local behind = 0
for place = 1, #ARGV, 3 do
    local number = redis.call('HGET', KEYS[1], ARGV[place])
    if number and tonumber(number) >= tonumber(ARGV[place + 1]) then
        redis.call('HSET', KEYS[1], ARGV[place], ARGV[place + 2])
    else
        behind = behind + 1
    end
end
return behind
"""
# Sets a number and its slots if the number is the expected one (empty: there is none); answers whether it was.
_PLACE = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then
    return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3], ARGV[4], ARGV[5])
return 1
"""
# Lowers the numbers of partitions that are greater.
_PUT_BACK = """
for place = 1, #ARGV, 2 do
    local number = redis.call('HGET', KEYS[1], ARGV[place])
    if number and tonumber(number) > tonumber(ARGV[place + 1]) then
        redis.call('HSET', KEYS[1], ARGV[place], ARGV[place + 1])
    end
end
return 1
"""


class Witnesses:
    """The witnesses of a Cluster's primaries, as this process sees them."""

    def __init__(self, cluster: Any) -> None:
        self._redis = cluster
        self.slots: Sequence[int] = _choose_slots(cluster)

    def begin(self, partition: int, cursor: int) -> int:
        """The number from which a partition is published again: the cursor, or less if a primary has less.

        Afterwards every witness has that number, new ones too. Raises WatchError if one changes in the meantime.
        """
        told, before = self._read_numbers(partition)
        present = {slot for listed in before.values() for slot in listed}
        known = [number for slot, number in told.items() if number is not None]
        lost = not known or any(number is None and slot in present for slot, number in told.items())
        least = -1 if lost else min(cursor, *known)
        if known and least < cursor:
            LOG.warning(
                "a node of the Cluster has lost data, or received a late write; publishing partition %d again",
                partition,
            )
        if any(number is None or number < cursor or before.get(slot) != self.slots for slot, number in told.items()):
            self._place(partition, least, told, present)
        return least

    def _read_numbers(self, partition: int) -> tuple[dict[int, int | None], dict[int, list[int]]]:
        """The number of each slot's witness, and the slots that each witness lists."""
        pipeline = self._redis.pipeline()
        for slot in self.slots:
            pipeline.hmget(_key(slot), [str(partition), _slots_field(partition)])
        told: dict[int, int | None] = {}
        before: dict[int, list[int]] = {}
        for slot, (number, listed) in zip(self.slots, pipeline.execute(), strict=True):
            told[slot] = None if number is None else int(number)
            if listed:
                before[slot] = [int(each) for each in listed.split(b",")]
        return told, before

    def _place(self, partition: int, number: int, told: Mapping[int, int | None], present: set[int]) -> None:
        listed = ",".join(map(str, self.slots))
        pipeline = self._redis.pipeline()
        for slot in self.slots:
            before = "" if told[slot] is None else told[slot]
            pipeline.execute_command(
                "EVAL", _PLACE, 1, _key(slot), partition, before, number, _slots_field(partition), listed
            )
        for slot in present.difference(self.slots):
            pipeline.hdel(_key(slot), str(partition), _slots_field(partition))
        if not all(pipeline.execute()[: len(self.slots)]):
            raise lost_error()

    def stand(self, published: Mapping[int, int]) -> bool:
        """Whether the primaries are still the same, and each has what was published."""
        if _choose_slots(self._redis) != self.slots:
            return False
        if not published:
            return True
        pipeline = self._redis.pipeline()
        for slot in self.slots:
            pipeline.hmget(_key(slot), [str(partition) for partition in published])
        wanted = list(published.values())
        return all(
            number is not None and int(number) >= least
            for answer in pipeline.execute()
            for number, least in zip(answer, wanted, strict=True)
        )

    def moves(self, known: Mapping[int, int], cursors: Mapping[int, int]) -> Iterator[Command]:
        """The commands that move the numbers. Each answers 0 if its primary still has its data."""
        values = [part for partition, seq in cursors.items() for part in (partition, known[partition], seq)]
        for slot in self.slots:
            yield "EVAL", _MOVE, 1, _key(slot), *values

    def put_back(self, numbers: Mapping[int, int]) -> None:
        """Make the owners of these partitions publish again what comes after the numbers."""
        values = [part for pair in numbers.items() for part in pair]
        pipeline = self._redis.pipeline()
        for slot in self.slots:
            pipeline.execute_command("EVAL", _PUT_BACK, 1, _key(slot), *values)
        pipeline.execute()


def witnesses_of(redis: RedisClient) -> Witnesses | None:
    """The witnesses of a Cluster; None for a single server, whose cursors suffice."""
    cluster = cluster_of(redis)
    return None if cluster is None else Witnesses(cluster)


def lost_error() -> Exception:
    """The exception for a primary that has less than it must; its partitions are then adopted again."""
    from redis import WatchError

    return WatchError("a node of the Cluster has less than was published, or slots have moved")


def _choose_slots(cluster: Any) -> Sequence[int]:
    """One slot of each primary that the client knows."""
    owners = cluster.nodes_manager.slots_cache
    found: dict[str, int] = {}
    for slot in _CANDIDATES:
        nodes = owners.get(slot)
        if nodes:
            found.setdefault(nodes[0].name, slot)
    return sorted(found.values())


@lru_cache(maxsize=1_024)
def _key(slot: int) -> str:
    """The key of the witness in a slot, made with a tag that hashes to the slot."""
    tag = next(tag for tag in map(str, range(1 << 24)) if crc_hqx(tag.encode(), 0) % SLOTS == slot)
    return keys.witness(tag)


def _slots_field(partition: int) -> str:
    return f"{partition}:slots"
