"""The streams in Redis: events that come in, transitions that go out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..profiles.ingest import customer_of
from ..storage import keys
from ..storage.partitions import PARTITIONS, partition_of
from ..storage.streams import pages
from .mention import mentions
from .place import Place, Stage, Stores

PAGE = 250  # entries looked at in one step

# The ids of a page's entries that tell of some customers, without the notices of their erasure or these alone; before
# them the last id of the page, empty where there is no more.
_TELLING = """
local wanted = {}
for place = 4, #ARGV do wanted[ARGV[place]] = true end
local page = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])
local found = {#page == tonumber(ARGV[2]) and page[#page][1] or ''}
for _, entry in ipairs(page) do
    local customer, reason
    for place = 1, #entry[2], 2 do
        if entry[2][place] == 'customer' then customer = entry[2][place + 1] end
        if entry[2][place] == 'reason' then reason = entry[2][place + 1] end
    end
    if customer and wanted[customer] and (reason == 'erasure') == (ARGV[3] == 'notices') then
        found[#found + 1] = entry[1]
    end
end
return found
"""


def stream_places(stores: Stores) -> Iterator[Place]:
    """Both of them."""
    yield EventQueue(stores)
    yield TransitionStreams(stores)


@dataclass(frozen=True, slots=True)
class EventQueue:
    """Events on the queue; all partitions are looked through, as an event may have been put on the wrong one."""

    stores: Stores
    name: str = "decisor:events:*"
    store: str = "Redis"
    stage: Stage = "outside"

    def count(self, customer: str) -> int:
        """How many there are."""
        return sum(len(found) for _, found in self._find(customer))

    def erase(self, customer: str) -> None:
        """Take them off the queue, also where a worker has read them and not yet answered."""
        redis = self.stores.reached_redis()
        for stream, found in self._find(customer):
            pipeline = redis.pipeline(transaction=False)
            pipeline.xack(stream, keys.GROUP, *found)
            pipeline.xdel(stream, *found)
            pipeline.execute()

    def _find(self, customer: str) -> Iterator[tuple[str, list[bytes]]]:
        redis = self.stores.reached_redis()
        for partition in range(PARTITIONS):
            stream = keys.events_stream(partition)
            for page in pages(redis, stream, PAGE):
                found = [name for name, fields in page if self._is_of(customer, fields)]
                if found:
                    yield stream, found
                self.stores.pause()

    def _is_of(self, customer: str, fields: dict[bytes, bytes]) -> bool:
        raw, key = fields.get(b"e", b""), self.stores.key
        named = customer_of(raw, key)
        return mentions(raw, customer, key) if named is None else named == customer


@dataclass(frozen=True, slots=True)
class TransitionStreams:
    """What was told of the customer; the notices of the erasure itself stay for a while (see notices.py)."""

    stores: Stores
    name: str = "decisor:transitions:*"
    store: str = "Redis"
    stage: Stage = "outside"

    def count(self, customer: str) -> int:
        """How many entries there are, without the notices of the erasure."""
        return sum(len(found) for found in self._find(customer))

    def erase(self, customer: str) -> None:
        """Delete them."""
        redis, stream = self.stores.reached_redis(), keys.transitions_stream(partition_of(customer))
        for found in self._find(customer):
            redis.xdel(stream, *found)

    def _find(self, customer: str) -> Iterator[list[bytes]]:
        yield from _telling(self.stores, partition_of(customer), [customer], "others")


def notices(stores: Stores, customers: Collection[str]) -> dict[str, list[str]]:
    """By stream, the ids of the notices of these customers' erasures, which consumers still need."""
    by_partition: dict[int, list[str]] = {}
    for customer in customers:
        by_partition.setdefault(partition_of(customer), []).append(customer)
    found = {}
    for partition, those in sorted(by_partition.items()):
        names = [name.decode() for page in _telling(stores, partition, those, "notices") for name in page]
        if names:
            found[keys.transitions_stream(partition)] = names
    return found


def _telling(
    stores: Stores, partition: int, customers: Sequence[str], which: Literal["notices", "others"]
) -> Iterator[list[bytes]]:
    """The server itself looks through its pages, so that none of them is sent."""
    redis, stream = stores.reached_redis(), keys.transitions_stream(partition)
    start = "-"
    while start:
        answer: list[Any] = redis.eval(_TELLING, 1, stream, start, PAGE, which, *customers)
        if answer[1:]:
            yield answer[1:]
        start = f"({answer[0].decode()}" if answer[0] else ""
        stores.pause()
