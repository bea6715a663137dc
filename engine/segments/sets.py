"""Membership sets in Redis as any client may read them: page by page, counted, and switched as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..storage import keys

PAGE = 1_000  # members asked of one set at once: a fraction of a millisecond of the server's time

# The old set is put aside and freed in the background: freeing millions of members at once would stop the server.
_SWITCH = """
redis.call('UNLINK', KEYS[3])
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('RENAME', KEYS[1], KEYS[3]) end
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('RENAME', KEYS[2], KEYS[1]) end
if ARGV[1] == '0' then redis.call('UNLINK', KEYS[3]) end
if ARGV[2] ~= '' then redis.call('SET', KEYS[4], ARGV[2]) end
return redis.call('SCARD', KEYS[1])
"""


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
    return int(cursor), [each.decode() for each in found]


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
    return sorted(each.decode() for each in redis.smembers(keys.segments_of(customer)))


def switch(redis: Any, name: str, built: str, *, keep: bool = False, generation: int | None = None) -> int:
    """Let the set under the key `built` be the segment's from now on, at once; how many members it has.

    No set there means no members. The old set is freed in the background, or with `keep` put under
    `keys.former_members`. A `generation` is left under `keys.switched`.
    """
    lying_together = (keys.members(name), built, keys.former_members(name), keys.switched(name))
    mark = "" if generation is None else str(generation)
    return int(redis.eval(_SWITCH, len(lying_together), *lying_together, "1" if keep else "0", mark))
