"""Intersection, union and difference of segments, for millions of members and across the nodes of a Cluster.

Members are read in pages: a page of one set (SSCAN), and which of its members the other sets have (SMISMEMBER), with
the next page in the same round trip. Each command takes the server a fraction of a millisecond at most, and only one
page is held in memory. The answer is exact for sets that do not change: SSCAN returns a member twice only if the set
has shrunk in the meantime. For sets that change, the answer is not of a single instant; `store` writes a set, so it
contains each member once.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Literal

from ..storage import keys
from ..storage.redis_protocol import RedisClient
from .claim import Claim
from .sets import PAGE, counts, switch

Operation = Literal["intersect", "union", "difference"]
Page = list[bytes]

_STORED_SECONDS = 600  # an unfinished set expires after this long without progress


class LostSetError(LookupError):
    """The new set is gone from Redis; the set that it was to replace is unchanged."""


def combine(redis: RedisClient, operation: Operation, names: Sequence[str], page: int = PAGE) -> Iterator[Page]:
    """Pages of the members in the operation's result, in no particular order. Raises ValueError without names."""
    if not names:
        raise ValueError("no segments to combine")
    unique = list(dict.fromkeys(names))
    if operation == "intersect":
        sizes = counts(redis, unique)
        first, *others = sorted(unique, key=sizes.__getitem__)
        yield from filter_members(redis, keys.members(first), _keys(others), in_all, page)
    elif operation == "difference":
        if names[0] not in names[1:]:
            yield from filter_members(redis, keys.members(unique[0]), _keys(unique[1:]), in_none, page)
    else:
        for place, name in enumerate(unique):
            yield from filter_members(redis, keys.members(name), _keys(unique[:place]), in_none, page)


def count(pages: Iterable[Page]) -> int:
    """The number of members in the pages."""
    return sum(map(len, pages))


def store(
    redis: RedisClient,
    pages: Iterable[Sequence[bytes | str]],
    target: str,
    *,
    keep: bool = False,
    claim: Claim | None = None,
) -> int:
    """Make the pages' members the set of `target`, built alongside it and switched in at once; returns the set's size.

    With `keep` the previous set stays under `keys.former_members`, and a mark under `keys.switched`. Customers erased
    since a `claim` was taken (before the pages were read) are left out; without a claim, erasures are not noticed.
    Raises SegmentBusyError if the claim no longer holds.
    """
    built = keys.stored_members(target, secrets.token_hex(8))
    try:
        added = _build(redis, pages, built)
        if claim is not None:
            claim.renew(always=True)
        if added and not redis.persist(built):
            _refuse_lost(target, added, claim)
        return switch(redis, target, built, keep=keep, claim=claim)
    except BaseException:
        with suppress(Exception):  # it expires by itself, and the first error matters more
            redis.unlink(built)
        raise


def _build(redis: RedisClient, pages: Iterable[Sequence[bytes | str]], built: str) -> int:
    """Put the pages' members into a set that expires if building it stops; returns its size."""
    added, renewed = 0, time.monotonic()
    for found in pages:
        if not found and time.monotonic() < renewed + _STORED_SECONDS / 4:
            continue  # when sets are filtered, page after page may be empty
        renewed = time.monotonic()
        pipeline = redis.pipeline(transaction=False)
        if found:
            pipeline.sadd(built, *found)
        pipeline.expire(built, _STORED_SECONDS)
        added += sum(pipeline.execute()[:-1])
    return added


def _refuse_lost(target: str, added: int, claim: Claim | None) -> None:
    """Raise LostSetError, unless all members of the set may have been erased in the meantime."""
    if claim is None or added > len(claim.erased_customers()):
        raise LostSetError(f"the new set of `{target}` is gone from Redis; the current set is unchanged")


Keep = Callable[[Sequence[int]], bool]


def filter_members(redis: RedisClient, key: str, asked: Sequence[str], keep: Keep, count: int = PAGE) -> Iterator[Page]:
    """Pages of those members of the set under `key` that `keep` accepts, given which other sets have them."""
    for found, flags in _pages(redis, key, asked, count):
        yield (
            found
            if not asked
            else [each for each, said in zip(found, zip(*flags, strict=True), strict=True) if keep(said)]
        )


def overlaps(redis: RedisClient, names: Sequence[str], count: int = PAGE) -> dict[tuple[str, str], int]:
    """How many members each two of the segments have in common, by the pair in the order of `names`."""
    found = {(first, other): 0 for place, first in enumerate(names) for other in names[place + 1 :]}
    for place, first in enumerate(names):
        others = names[place + 1 :]
        for _, flags in _pages(redis, keys.members(first), _keys(others), count) if others else ():
            for other, each in zip(others, flags, strict=True):
                found[first, other] += sum(each)
    return found


def _pages(
    redis: RedisClient, key: str, asked: Sequence[str], count: int
) -> Iterator[tuple[Page, Sequence[Sequence[int]]]]:
    """The members of the set under `key`, page by page, and for each of the other sets which of them it has."""
    cursor, found = redis.sscan(key, 0, count=count)
    while True:
        pipeline = redis.pipeline(transaction=False)
        if cursor:
            pipeline.sscan(key, cursor, count=count)
        if found:
            for other in asked:
                pipeline.smismember(other, found)
        answers = pipeline.execute() if cursor or (found and asked) else []
        flags = answers[1:] if cursor else answers
        if found:
            yield found, flags
        if not cursor:
            return
        cursor, found = answers[0]


def in_all(said: Sequence[int]) -> bool:
    """Whether every other set has the member."""
    return all(said)


def in_none(said: Sequence[int]) -> bool:
    """Whether no other set has the member."""
    return not any(said)


def _keys(names: Iterable[str]) -> list[str]:
    return [keys.members(name) for name in names]
