"""One switch of a segment's set at a time, also where there is only Redis to say so.

A claim is a key beside the set that names its owner. It ends by itself when its owner is gone, so whoever holds one
renews it on the way.

Whoever is erased meanwhile is noted beside the claim (see engine/erasure/redis_places.py): what its owner has read
before may still name them, so they are left out of what is switched in. The note goes with the claim.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from ..storage import keys
from ..storage.replies import text

SECONDS = 60.0  # how long a claim stands that is not renewed
PATIENCE = 60.0  # seconds that the later of two waits
_PAUSE = 0.05

# Whoever keeps others of its kind away by other means may take a claim over that one of them has left behind.
_TAKE = """
local owner = redis.call('GET', KEYS[1])
if owner and (ARGV[3] == '' or string.sub(owner, 1, #ARGV[3]) ~= ARGV[3]) then
    return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
return 1
"""
_RENEW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
_FREE = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1], KEYS[2]) or 0"

Item = TypeVar("Item")


class SegmentBusyError(RuntimeError):
    """Somebody else is about to switch the segment's set; the message says who."""


class Claim:
    """A segment that this owner may switch; `token` is what stands in Redis as long as that is so."""

    def __init__(self, redis: Any, name: str, kind: str = "") -> None:
        self._redis, self._name, self._key, self._kind = redis, name, keys.claim(name), kind
        self._keys = self._key, keys.left_out(name)
        self.token = f"{kind}process {os.getpid()} on {socket.gethostname()} {secrets.token_hex(8)}"
        self._until = 0.0

    def take(self) -> bool:
        """Whether it is ours now."""
        self._until = time.monotonic() + SECONDS / 4
        self._redis.sadd(keys.CLAIMED, self._name)
        return bool(self._redis.eval(_TAKE, 2, *self._keys, self.token, _milliseconds(), self._kind))

    def renew(self, *, always: bool = False) -> None:
        """Keep it, once some time has gone by or `always`. Raises SegmentBusyError where it has ended meanwhile."""
        if always or time.monotonic() >= self._until:
            self._until = time.monotonic() + SECONDS / 4
            if not self._redis.eval(_RENEW, 2, *self._keys, self.token, _milliseconds()):
                raise self.ended()

    def ended(self) -> SegmentBusyError:
        """What is raised where it does not stand any more."""
        return SegmentBusyError(f"`{self._name}`: this process stood still for so long that others went on")

    def during(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, with the claim renewed on the way."""
        for item in items:
            self.renew()
            yield item

    def left_out(self) -> list[str]:
        """Who was erased since it was taken."""
        return [text(each) for each in self._redis.smembers(self._keys[1])]

    def owner(self) -> str:
        """Who has it, as a message says it."""
        found = self._redis.get(self._key)
        return "somebody else" if found is None else text(found).rpartition(" ")[0]

    def free(self) -> None:
        """Give it up; where Redis does not answer, it ends by itself."""
        from redis import RedisError
        from redis.exceptions import RedisClusterException

        with suppress(RedisError, RedisClusterException):
            self._redis.eval(_FREE, 2, *self._keys, self.token)


@contextmanager
def claimed(redis: Any, name: str, *, kind: str = "", patience: float | None = None) -> Iterator[Claim]:
    """Hold the claim on a segment. Raises SegmentBusyError when others hold it for longer than `patience` seconds.

    Those of one `kind` keep each other away by other means, so what one of them has left behind is no hindrance.
    """
    claim = Claim(redis, name, kind)
    deadline = time.monotonic() + (PATIENCE if patience is None else patience)
    while not claim.take():
        if time.monotonic() >= deadline:
            raise SegmentBusyError(f"`{name}` is being filled by {claim.owner()}: wait for that, then try again")
        time.sleep(_PAUSE)
    try:
        yield claim
    finally:
        claim.free()


def _milliseconds() -> int:
    return int(1_000 * SECONDS)
