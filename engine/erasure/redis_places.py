"""The places in Redis besides the streams: membership, the serving copy, the queue of due customers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..storage import keys
from ..storage.partitions import partition_of
from ..storage.replies import text
from .place import Place, Stage, Stores

PAGE = 1_000
SCAN = 2_000
SETS = "[{s]*egment:*"  # `segment:…` and `{segment:…`, and little else
_BEGINNINGS = (b"segment:", b"{segment:")
_LEFT_OUT = keys.left_out("").encode().rpartition(b"}")[2]
# Beside a claim that stands, for as long as it does.
_LEAVE_OUT = """
local left = redis.call('PTTL', KEYS[1])
if left > 0 then
    redis.call('SADD', KEYS[2], ARGV[1])
    redis.call('PEXPIRE', KEYS[2], left)
end
return left
"""


def queue_places(stores: Stores) -> Iterator[Place]:
    """All of them."""
    yield Memberships(stores)
    yield Keys(stores)
    yield Due(stores)


@dataclass(frozen=True, slots=True)
class Memberships:
    """Every set of customers: of segments, of those being built or just replaced, and those that somebody stored.

    Whoever builds a set from what was read before, without PostgreSQL, holds a claim on it; those who are erased are
    noted beside the claim, and left out when the set is switched in (see segments/claim.py). Noted afterwards, nobody
    is missed: whoever takes a claim later reads sets and an index that do not have them any more.
    """

    stores: Stores
    name: str = "segment:*"
    store: str = "Redis"
    stage: Stage = "outside"

    def count(self, customer: str) -> int:
        """In how many sets the customer is."""
        return len(self._find(customer))

    def erase(self, customer: str) -> None:
        """Take the customer out of each."""
        pipeline = self.stores.reached_redis().pipeline(transaction=False)
        for name in self._find(customer):
            pipeline.srem(name, customer)
        pipeline.execute()
        self._leave_out(customer)

    def _leave_out(self, customer: str) -> None:
        redis = self.stores.reached_redis()
        pipeline = redis.pipeline(transaction=False)
        for name in map(text, redis.smembers(keys.CLAIMED)):
            pipeline.execute_command("EVAL", _LEAVE_OUT, 2, keys.claim(name), keys.left_out(name), customer)
        pipeline.execute()

    def _find(self, customer: str) -> list[bytes]:
        redis = self.stores.reached_redis()
        scanned = set(redis.scan_iter(match=SETS, count=SCAN))
        names = sorted(name for name in scanned if name.startswith(_BEGINNINGS) and not name.endswith(_LEFT_OUT))
        found = []
        for first in range(0, len(names), PAGE):
            part = names[first : first + PAGE]
            self.stores.pause()
            pipeline = redis.pipeline(transaction=False)
            for name in part:
                pipeline.sismember(name, customer)
            answers = pipeline.execute(raise_on_error=False)
            found += [name for name, answer in zip(part, answers, strict=True) if _is_yes(answer)]
        return found


def _is_yes(answer: Any) -> bool:
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
