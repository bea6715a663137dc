"""The places in Redis: queues, membership, the serving copy, the queue of due customers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...storage import keys
from ...storage.partitions import PARTITIONS, partition_of
from ..ingest import customer_of
from .place import Place, Stage, Stores, UnreachablePlaceError

PAGE = 1_000
SCAN = 10_000
SETS = ("segment:*", "{segment:*")

_TOLD = "SELECT DISTINCT partition, seq FROM transition WHERE profile = %s"


def queue_places(stores: Stores) -> Iterator[Place]:
    """All of them."""
    yield EventQueue(stores)
    yield TransitionStreams(stores)
    yield Memberships(stores)
    yield Keys(stores)
    yield Due(stores)


def _redis(stores: Stores) -> Any:
    if stores.redis is None:
        unknown = "no Redis is known: DECISOR_REDIS_URL names one, `decisor up` starts one"
        raise UnreachablePlaceError(stores.refusals.get("Redis", unknown))
    return stores.redis


@dataclass(frozen=True, slots=True)
class EventQueue:
    """Events that wait; all partitions are looked through, as an event may have been put on the wrong one."""

    stores: Stores
    name: str = "decisor:events:*"
    store: str = "Redis"
    stage: Stage = "outside"

    def count(self, customer: str) -> int:
        """How many wait."""
        return sum(len(found) for _, found in self._found(customer))

    def erase(self, customer: str) -> None:
        """Take them off the queue, also where a worker has read them and not yet answered."""
        redis = _redis(self.stores)
        for stream, found in self._found(customer):
            for first in range(0, len(found), PAGE):
                part = found[first : first + PAGE]
                pipeline = redis.pipeline(transaction=False)
                pipeline.xack(stream, keys.GROUP, *part)
                pipeline.xdel(stream, *part)
                pipeline.execute()

    def _found(self, customer: str) -> Iterator[tuple[str, list[bytes]]]:
        redis = _redis(self.stores)
        for partition in range(PARTITIONS):
            stream = keys.events_stream(partition)
            found = [
                name
                for name, fields in _entries(redis, stream)
                if customer_of(fields.get(b"e", b""), self.stores.key) == customer
            ]
            yield stream, found


@dataclass(frozen=True, slots=True)
class TransitionStreams:
    """What was told of the customer; the notice of the erasure itself stays until the stream is trimmed."""

    stores: Stores
    name: str = "decisor:transitions:*"
    store: str = "Redis"
    stage: Stage = "outside"

    def count(self, customer: str) -> int:
        """How many entries there are, without the notices of the erasure."""
        return sum(len(names) for _, names in self._found(customer))

    def erase(self, customer: str) -> None:
        """Delete them."""
        pipeline = _redis(self.stores).pipeline(transaction=False)
        for stream, names in self._found(customer):
            pipeline.xdel(stream, *names)
        pipeline.execute()

    def _found(self, customer: str) -> Iterator[tuple[str, list[bytes]]]:
        """By the numbers under which PostgreSQL has the transitions: they are the ids on the stream."""
        redis = _redis(self.stores)
        rows = self.stores.connection.execute(_TOLD, (customer,)).fetchall()
        for first in range(0, len(rows), PAGE):
            part = [(keys.transitions_stream(partition), seq) for partition, seq in rows[first : first + PAGE]]
            pipeline = redis.pipeline(transaction=False)
            for stream, seq in part:
                pipeline.xrange(stream, min=f"{seq}-0", max=str(seq))
            for (stream, _), entries in zip(part, pipeline.execute(), strict=True):
                names = [name for name, fields in entries if _tells(fields, customer)]
                if names:
                    yield stream, names


def _tells(fields: dict[bytes, bytes], customer: str) -> bool:
    return fields.get(b"customer") == customer.encode() and fields.get(b"reason") != b"erasure"


@dataclass(frozen=True, slots=True)
class Memberships:
    """Every set of customers: of segments, of those being built or just replaced, and those that somebody stored."""

    stores: Stores
    name: str = "segment:*"
    store: str = "Redis"
    stage: Stage = "outside"

    def count(self, customer: str) -> int:
        """In how many sets the customer is."""
        return len(self._found(customer))

    def erase(self, customer: str) -> None:
        """Take the customer out of each."""
        pipeline = _redis(self.stores).pipeline(transaction=False)
        for name in self._found(customer):
            pipeline.srem(name, customer)
        pipeline.execute()

    def _found(self, customer: str) -> list[bytes]:
        redis = _redis(self.stores)
        names = sorted({name for pattern in SETS for name in redis.scan_iter(match=pattern, count=SCAN)})
        found = []
        for first in range(0, len(names), PAGE):
            part = names[first : first + PAGE]
            pipeline = redis.pipeline(transaction=False)
            for name in part:
                pipeline.sismember(name, customer)
            answers = pipeline.execute(raise_on_error=False)
            found += [name for name, answer in zip(part, answers, strict=True) if _told(answer)]
        return found


def _told(answer: Any) -> bool:
    """The answer to a question; a key that is no set holds no customers."""
    if isinstance(answer, Exception):
        if "WRONGTYPE" not in str(answer):
            raise answer
        return False
    return bool(answer)


@dataclass(frozen=True, slots=True)
class Keys:
    """The customer's own keys: the serving copy and the names of the segments."""

    stores: Stores
    name: str = "profile:{…}, segments:{…}"
    store: str = "Redis"
    stage: Stage = "outside"

    def count(self, customer: str) -> int:
        """How many of them there are."""
        return int(_redis(self.stores).exists(*_own(customer)))

    def erase(self, customer: str) -> None:
        """Delete them."""
        _redis(self.stores).delete(*_own(customer))


def _own(customer: str) -> Sequence[str]:
    return keys.profile(customer), keys.segments_of(customer)


@dataclass(frozen=True, slots=True)
class Due:
    """The queue of customers whom time will move."""

    stores: Stores
    name: str = "decisor:due:*"
    store: str = "Redis"
    stage: Stage = "outside"

    def count(self, customer: str) -> int:
        """Whether the customer is in it."""
        return int(_redis(self.stores).zscore(keys.due(partition_of(customer)), customer) is not None)

    def erase(self, customer: str) -> None:
        """Take the customer out."""
        _redis(self.stores).zrem(keys.due(partition_of(customer)), customer)


def _entries(redis: Any, stream: str) -> Iterable[tuple[bytes, dict[bytes, bytes]]]:
    """All entries of a stream, page by page."""
    start = "-"
    while True:
        page = redis.xrange(stream, min=start, count=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        milliseconds, _, number = page[-1][0].decode().partition("-")
        start = f"{milliseconds}-{int(number) + 1}"
