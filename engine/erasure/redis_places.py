"""The places in Redis besides the streams: membership, the serving copy, the queue of due customers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..storage import keys
from ..storage.partitions import partition_of
from .place import Place, Stage, Stores

PAGE = 1_000
SCAN = 2_000
SETS = "[{s]*egment:*"  # `segment:…` and `{segment:…`, and little else
_BEGINNINGS = (b"segment:", b"{segment:")


def queue_places(stores: Stores) -> Iterator[Place]:
    """All of them."""
    yield Memberships(stores)
    yield Keys(stores)
    yield Due(stores)


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
        pipeline = self.stores.reached_redis().pipeline(transaction=False)
        for name in self._found(customer):
            pipeline.srem(name, customer)
        pipeline.execute()

    def _found(self, customer: str) -> list[bytes]:
        redis = self.stores.reached_redis()
        names = sorted({name for name in redis.scan_iter(match=SETS, count=SCAN) if name.startswith(_BEGINNINGS)})
        found = []
        for first in range(0, len(names), PAGE):
            part = names[first : first + PAGE]
            self.stores.pause()
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
        return int(self.stores.reached_redis().exists(*_own(customer)))

    def erase(self, customer: str) -> None:
        """Delete them."""
        self.stores.reached_redis().delete(*_own(customer))


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
        return int(self.stores.reached_redis().zscore(keys.due(partition_of(customer)), customer) is not None)

    def erase(self, customer: str) -> None:
        """Take the customer out."""
        self.stores.reached_redis().zrem(keys.due(partition_of(customer)), customer)
