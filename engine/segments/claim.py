"""Ensures that a segment's set is switched by one process at a time, even where Redis is the only shared server.

A claim is a key next to the set that names its owner. It expires when its owner is gone, so the owner renews it while
working.

Customers erased in the meantime are noted next to the claim (see engine/erasure/redis_places.py): data that the owner
read earlier may still contain them, so they are left out of the set that is switched in. The note goes with the claim.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from ..storage import keys
from ..storage.redis_protocol import RedisClient
from ..storage.replies import text

SECONDS = 60.0  # how long a claim holds without being renewed
PATIENCE = 60.0  # seconds that the later of two processes waits
_PAUSE = 0.05

# Owners of one kind exclude each other by other means, so one may take over a claim that another has left behind.
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
    """Another process is about to switch the segment's set; the message says which one."""


class Claim:
    """The right to switch a segment's set; Redis holds `token` for as long as the claim holds."""

    def __init__(self, redis: RedisClient, name: str, kind: str = "") -> None:
        self._redis, self._name, self._key, self._kind = redis, name, keys.claim(name), kind
        self._keys = self._key, keys.left_out(name)
        self.token = f"{kind}process {os.getpid()} on {socket.gethostname()} {secrets.token_hex(8)}"
        self._until = 0.0

    def take(self) -> bool:
        """Try to take the claim; returns whether it is ours now."""
        self._until = time.monotonic() + SECONDS / 4
        self._redis.sadd(keys.CLAIMED, self._name)
        return bool(self._redis.eval(_TAKE, 2, *self._keys, self.token, _milliseconds(), self._kind))

    def renew(self, *, always: bool = False) -> None:
        """Renew the claim, if some time has passed or `always`. Raises SegmentBusyError if it no longer holds."""
        if always or time.monotonic() >= self._until:
            self._until = time.monotonic() + SECONDS / 4
            if not self._redis.eval(_RENEW, 2, *self._keys, self.token, _milliseconds()):
                raise self.expired_error()

    def expired_error(self) -> SegmentBusyError:
        """The exception for a claim that no longer holds."""
        return SegmentBusyError(f"`{self._name}`: this process was suspended for so long that its claim expired")

    def during(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, with the claim renewed between them."""
        for item in items:
            self.renew()
            yield item

    def erased_customers(self) -> list[str]:
        """The customers erased since the claim was taken."""
        return [text(each) for each in self._redis.smembers(self._keys[1])]

    def owner(self) -> str:
        """The owner, worded for a message."""
        found = self._redis.get(self._key)
        return "another process" if found is None else text(found).rpartition(" ")[0]

    def free(self) -> None:
        """Release the claim; if Redis does not answer, it expires by itself."""
        from redis import RedisError
        from redis.exceptions import RedisClusterException

        with suppress(RedisError, RedisClusterException):
            self._redis.eval(_FREE, 2, *self._keys, self.token)


@contextmanager
def hold_claim(redis: RedisClient, name: str, *, kind: str = "", patience: float | None = None) -> Iterator[Claim]:
    """Hold the claim on a segment. Raises SegmentBusyError if others hold it for longer than `patience` seconds.

    Owners of one `kind` exclude each other by other means, so a claim that one of them has left behind is taken over.
    """
    claim = Claim(redis, name, kind)
    deadline = time.monotonic() + (PATIENCE if patience is None else patience)
    while not claim.take():
        if time.monotonic() >= deadline:
            raise SegmentBusyError(
                f"`{name}` is being filled by {claim.owner()}: wait for it to finish, then try again"
            )
        time.sleep(_PAUSE)
    try:
        yield claim
    finally:
        claim.free()


def _milliseconds() -> int:
    return int(1_000 * SECONDS)
