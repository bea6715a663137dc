"""Membership sets in Redis, as any client may use them: read page by page, counted, and switched as a whole."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from ..storage import keys
from ..storage.key_types import wrong_type
from ..storage.redis_protocol import RedisClient
from ..storage.replies import text
from .claim import Claim

PAGE = 1_000  # members read from one set at once: a fraction of a millisecond of the server's time

# The old set is moved aside and freed in the background: freeing millions of members at once would block the server.
_SWITCH = """
if ARGV[3] ~= '' and redis.call('SCARD', KEYS[2]) ~= tonumber(ARGV[3]) then return -1 end
if ARGV[4] ~= '' then
    if redis.call('GET', KEYS[5]) ~= ARGV[4] then return -2 end
    for _, customer in ipairs(redis.call('SMEMBERS', KEYS[6])) do redis.call('SREM', KEYS[2], customer) end
end
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'set' and kind ~= 'none' then return -3 end
redis.call('UNLINK', KEYS[3])
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('RENAME', KEYS[1], KEYS[3]) end
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('RENAME', KEYS[2], KEYS[1]) end
if ARGV[1] == '0' then redis.call('UNLINK', KEYS[3]) end
if ARGV[2] ~= '' then redis.call('SET', KEYS[4], ARGV[2]) end
return redis.call('SCARD', KEYS[1])
"""
_UNMARK = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0"


def members(redis: RedisClient, name: str) -> Iterator[str]:
    """The members of a segment in no particular order, never all in memory.

    Customers who are members throughout are returned. A member is returned twice only if the set shrinks in the
    meantime, so a set that does not change is returned exactly.
    """
    cursor = 0
    while True:
        cursor, found = page(redis, name, cursor)
        yield from found
        if cursor == 0:
            return


def page(redis: RedisClient, name: str, cursor: int, count: int = PAGE) -> tuple[int, list[str]]:
    """The next cursor, 0 after the last page, and about `count` members from a cursor on; as exact as `members`."""
    cursor, found = redis.sscan(keys.members(name), cursor, count=count)
    return int(cursor), [text(each) for each in found]


def count(redis: RedisClient, name: str) -> int:
    """The number of a segment's members."""
    return int(redis.scard(keys.members(name)))


def counts(redis: RedisClient, names: Iterable[str]) -> dict[str, int]:
    """The number of each segment's members, in one round trip."""
    wanted = list(names)
    pipeline = redis.pipeline(transaction=False)
    for name in wanted:
        pipeline.scard(keys.members(name))
    return dict(zip(wanted, map(int, pipeline.execute()), strict=True))


def segments_of(redis: RedisClient, customer: str) -> list[str]:
    """The names of the segments that a customer is in, sorted; one round trip."""
    return sorted(text(each) for each in redis.smembers(keys.segments_of(customer)))


def customers_in(redis: RedisClient, page: int = 100) -> Iterator[list[str]]:
    """The customers with a serving copy or segments in Redis, in groups; some appear more than once."""
    for pattern in (keys.profile("*"), keys.segments_of("*")):
        names = redis.scan_iter(match=pattern.replace("{", "[{]"), count=page)
        while chunk := [name.decode() for name in itertools.islice(names, page)]:
            yield [name.partition("{")[2].removesuffix("}") for name in chunk]


class OtherSizeError(LookupError):
    """The new set does not have the expected size; nothing was switched."""


def switch(redis: RedisClient, name: str, built: str, *, keep: bool = False, claim: Claim | None = None) -> int:
    """Make the set under the key `built` the segment's set, atomically; returns its size.

    A missing set means no members. The old set is freed in the background, or with `keep` moved to
    `keys.former_members`, with 0 under `keys.switched`. Customers erased since a `claim` was taken are left out. Raises
    SegmentBusyError if the claim no longer holds at that moment.
    """
    return _switch(redis, name, built, ("1" if keep else "0", "0" if keep else "", ""), claim)


def switch_whole(redis: RedisClient, name: str, generation: int, size: int, claim: Claim) -> int:
    """Make the set that a rebuild has built the segment's set, as `switch` does, and leave its generation as a mark.

    Raises OtherSizeError if it does not have the expected size at that moment.
    """
    return _switch(redis, name, keys.next_members(name), ("0", str(generation), str(size)), claim)


def _switch(redis: RedisClient, name: str, built: str, told: tuple[str, str, str], claim: Claim | None) -> int:
    sets = (keys.members(name), built, keys.former_members(name))
    together = (*sets, keys.switch_mark(name), keys.claim(name), keys.left_out(name))
    found = int(redis.eval(_SWITCH, len(together), *together, *told, "" if claim is None else claim.token))
    if found == -1:
        raise OtherSizeError(f"the new set of `{name}` is no longer complete; the current set is unchanged")
    if found == -2 and claim is not None:
        raise claim.expired_error()
    if found == -3:
        raise wrong_type(keys.members(name))
    return found


def unmark(redis: RedisClient, name: str, generation: int) -> None:
    """Remove the mark that a switch has left under `keys.switched`, unless another switch has replaced it."""
    redis.eval(_UNMARK, 1, keys.switch_mark(name), str(generation))
