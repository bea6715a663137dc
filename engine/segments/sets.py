"""Membership sets in Redis as any client may read them: page by page, counted, and switched as a whole."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from ..storage import keys
from ..storage.key_types import wrong_type
from ..storage.replies import text
from .claim import Claim

PAGE = 1_000  # members asked of one set at once: a fraction of a millisecond of the server's time

# The old set is put aside and freed in the background: freeing millions of members at once would stop the server.
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


def members(redis: Any, name: str) -> Iterator[str]:
    """The members of a segment in no order, never all in memory.

    Whoever is a member all the while is given. A member is given twice only if the set shrinks meanwhile, so a set
    that stands still is given exactly.
    """
    cursor = 0
    while True:
        cursor, found = page(redis, name, cursor)
        yield from found
        if cursor == 0:
            return


def page(redis: Any, name: str, cursor: int, count: int = PAGE) -> tuple[int, list[str]]:
    """About `count` members from a cursor on, and the next cursor, 0 behind the last; given as `members` are."""
    cursor, found = redis.sscan(keys.members(name), cursor, count=count)
    return int(cursor), [text(each) for each in found]


def count(redis: Any, name: str) -> int:
    """How many members a segment has."""
    return int(redis.scard(keys.members(name)))


def counts(redis: Any, names: Iterable[str]) -> dict[str, int]:
    """How many members each segment has, asked at once."""
    wanted = list(names)
    pipeline = redis.pipeline(transaction=False)
    for name in wanted:
        pipeline.scard(keys.members(name))
    return dict(zip(wanted, map(int, pipeline.execute()), strict=True))


def segments_of(redis: Any, customer: str) -> list[str]:
    """The names of the segments that a customer is in, sorted; one round trip."""
    return sorted(text(each) for each in redis.smembers(keys.segments_of(customer)))


def customers_in(redis: Any, page: int = 100) -> Iterator[list[str]]:
    """The customers of whom Redis has a serving copy or segments, some at a time, some of them more than once."""
    for pattern in (keys.profile("*"), keys.segments_of("*")):
        names = redis.scan_iter(match=pattern.replace("{", "[{]"), count=page)
        while chunk := [name.decode() for name in itertools.islice(names, page)]:
            yield [name.partition("{")[2].removesuffix("}") for name in chunk]


class OtherSizeError(LookupError):
    """What was built of a set has not the size that it should have; nothing was switched."""


def switch(redis: Any, name: str, built: str, *, keep: bool = False, claim: Claim | None = None) -> int:
    """Let the set under the key `built` be the segment's from now on, at once; how many members it has.

    No set there means no members. The old set is freed in the background, or with `keep` put under
    `keys.former_members`, and 0 under `keys.switched`. Who was erased since a `claim` was taken is left out. Raises
    SegmentBusyError where it stands no more in that very moment.
    """
    return _switch(redis, name, built, ("1" if keep else "0", "0" if keep else "", ""), claim)


def switch_whole(redis: Any, name: str, generation: int, size: int, claim: Claim) -> int:
    """Let what a rebuild has built be the segment's set, as `switch` does, and leave its generation as a mark.

    Raises OtherSizeError where it has another size in that very moment.
    """
    return _switch(redis, name, keys.next_members(name), ("0", str(generation), str(size)), claim)


def _switch(redis: Any, name: str, built: str, told: tuple[str, str, str], claim: Claim | None) -> int:
    sets = (keys.members(name), built, keys.former_members(name))
    together = (*sets, keys.switched(name), keys.claim(name), keys.left_out(name))
    found = int(redis.eval(_SWITCH, len(together), *together, *told, "" if claim is None else claim.token))
    if found == -1:
        raise OtherSizeError(f"what was built of `{name}` is not whole any more; the set is as it was")
    if found == -2 and claim is not None:
        raise claim.ended()
    if found == -3:
        raise wrong_type(keys.members(name))
    return found


def unmark(redis: Any, name: str, generation: int) -> None:
    """Take away what a switch has left under `keys.switched`, unless another switch has come since."""
    redis.eval(_UNMARK, 1, keys.switched(name), str(generation))
