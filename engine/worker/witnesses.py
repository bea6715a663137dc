"""What each primary of a Cluster has, told by a key that lies on it: so that one that comes back with less is noticed.

The cursor of a partition lies on one node, what it speaks of on all of them. So every primary has a witness beside its
data: a hash with the last number of each partition that was published. It is written after the data, and only where it
says what it must: a primary that was lost, has come back older, or was taken over by a replica that lagged, refuses.
The next owner then publishes again from the least number that a primary still has. Who has written though the partition
was no longer theirs, as they slept, puts the numbers back, so that the owner publishes that again.

A witness lies in a slot of the primary's own, the first in a fixed shuffled order, so that few of them change when
slots move. One that is placed anew says nothing about the past; which ones were there is noted beside each number.
"""

from __future__ import annotations

import logging
from binascii import crc_hqx
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from ..storage import keys
from ..storage.redis_client import cluster_of
from .fence import Command

LOG = logging.getLogger("decisor.worker")

SLOTS: Final = 16_384
_STEP = 16  # a primary with fewer slots in a row than that may be without a witness until it has more
_CANDIDATES: Final = tuple(_STEP * (place * 617 % (SLOTS // _STEP)) for place in range(SLOTS // _STEP))

# Moves the numbers of partitions from what they were known to be at least; how many of them were less, or gone.
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
# Sets a number and its slots if the number is what was told (empty: there is none); whether it was.
_PLACE = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then
    return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3], ARGV[4], ARGV[5])
return 1
"""
# Puts numbers of partitions back where they are greater.
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
        self.slots: Sequence[int] = _chosen(cluster)

    def begin(self, partition: int, cursor: int) -> int:
        """The number from which a partition is published again: the cursor, or less where a primary has less.

        From here on every witness has that number, the new ones too. Raises WatchError where one changes meanwhile.
        """
        told, before = self._told(partition)
        present = {slot for listed in before.values() for slot in listed}
        known = [number for slot, number in told.items() if number is not None]
        lost = not known or any(number is None and slot in present for slot, number in told.items())
        least = -1 if lost else min(cursor, *known)
        if known and least < cursor:
            LOG.warning(
                "a node of the Cluster has less than it had, or was written to late; partition %d is published again",
                partition,
            )
        if any(number is None or number < cursor or before.get(slot) != self.slots for slot, number in told.items()):
            self._place(partition, least, told, present)
        return least

    def _told(self, partition: int) -> tuple[dict[int, int | None], dict[int, list[int]]]:
        """By slot the number that its witness has, and the slots that it knows of."""
        pipeline = self._redis.pipeline()
        for slot in self.slots:
            pipeline.hmget(_key(slot), [str(partition), _placed(partition)])
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
                "EVAL", _PLACE, 1, _key(slot), partition, before, number, _placed(partition), listed
            )
        for slot in present.difference(self.slots):
            pipeline.hdel(_key(slot), str(partition), _placed(partition))
        if not all(pipeline.execute()[: len(self.slots)]):
            raise lost()

    def stand(self, published: Mapping[int, int]) -> bool:
        """Whether the primaries are those that they were, and each has what was published."""
        if _chosen(self._redis) != self.slots:
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
        """The commands that move the numbers. Each answers with 0 where its primary has what it had."""
        values = [part for partition, seq in cursors.items() for part in (partition, known[partition], seq)]
        for slot in self.slots:
            yield "EVAL", _MOVE, 1, _key(slot), *values

    def put_back(self, numbers: Mapping[int, int]) -> None:
        """Let the owners of these partitions publish again what comes after the numbers."""
        values = [part for pair in numbers.items() for part in pair]
        pipeline = self._redis.pipeline()
        for slot in self.slots:
            pipeline.execute_command("EVAL", _PUT_BACK, 1, _key(slot), *values)
        pipeline.execute()


def witnesses_of(redis: Any) -> Witnesses | None:
    """Those of a Cluster; None for a single server, whose cursors tell by themselves."""
    cluster = cluster_of(redis)
    return None if cluster is None else Witnesses(cluster)


def lost() -> Exception:
    """What is raised where a primary has less than it must, so that its partitions are adopted again."""
    from redis import WatchError

    return WatchError("a node of the Cluster has less than was published, or slots have moved")


def _chosen(cluster: Any) -> Sequence[int]:
    """A slot of each primary, as the client knows them."""
    owners = cluster.nodes_manager.slots_cache
    found: dict[str, int] = {}
    for slot in _CANDIDATES:
        nodes = owners.get(slot)
        if nodes:
            found.setdefault(nodes[0].name, slot)
    return sorted(found.values())


@lru_cache(maxsize=1_024)
def _key(slot: int) -> str:
    """The name of the witness in a slot: some tag that lies there."""
    tag = next(tag for tag in map(str, range(1 << 24)) if crc_hqx(tag.encode(), 0) % SLOTS == slot)
    return keys.witness(tag)


def _placed(partition: int) -> str:
    return f"{partition}:slots"
