"""Who is in all, any, or only the first of some segments, also over millions of members and over a Cluster's nodes.

The server is asked for pages: a page of one set (SSCAN), and which of its members the other sets have (SMISMEMBER), the
next page in the same round trip. No command takes it longer than a fraction of a millisecond, and nothing but a page is
held here. Sets that stand still are answered exactly: SSCAN gives a member twice only if the set has shrunk meanwhile.
Of sets that change, the answer is of no single instant; what `store` writes is a set, so it has everybody once.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Literal

from ..storage import keys
from .claim import Claim
from .sets import PAGE, counts, switch

Operation = Literal["intersect", "union", "difference"]
Page = list[bytes]

_STORED_SECONDS = 600  # a set that nobody goes on building goes away


class LostSetError(LookupError):
    """What was built is gone from Redis; the set that it was to replace is as it was."""


def combined(redis: Any, operation: Operation, names: Sequence[str], page: int = PAGE) -> Iterator[Page]:
    """Pages of the members that the operation gives, in no order. Raises ValueError without names."""
    if not names:
        raise ValueError("no segments to combine")
    unique = list(dict.fromkeys(names))
    if operation == "intersect":
        sizes = counts(redis, unique)
        first, *others = sorted(unique, key=sizes.__getitem__)
        yield from sifted(redis, keys.members(first), _keys(others), in_all, page)
    elif operation == "difference":
        if names[0] not in names[1:]:
            yield from sifted(redis, keys.members(unique[0]), _keys(unique[1:]), in_none, page)
    else:
        for place, name in enumerate(unique):
            yield from sifted(redis, keys.members(name), _keys(unique[:place]), in_none, page)


def count(pages: Iterable[Page]) -> int:
    """How many members the pages have."""
    return sum(map(len, pages))


def store(
    redis: Any,
    pages: Iterable[Sequence[bytes | str]],
    target: str,
    *,
    keep: bool = False,
    claim: Claim | None = None,
) -> int:
    """Make the pages' members the set of `target`, built beside it and switched in at once; how many there are.

    With `keep` the set that it was before stays under `keys.former_members`, and a mark under `keys.switched`.
    Who was erased since a `claim` was taken, before the pages were read, is left out; without a claim nobody knows of
    them. Raises SegmentBusyError where it does not stand any more.
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
        with suppress(Exception):  # it goes by itself, and what went wrong before matters more
            redis.unlink(built)
        raise


def _build(redis: Any, pages: Iterable[Sequence[bytes | str]], built: str) -> int:
    """Put the pages' members into a set that goes away where nobody goes on; how many it has."""
    added, renewed = 0, time.monotonic()
    for found in pages:
        if not found and time.monotonic() < renewed + _STORED_SECONDS / 4:
            continue  # of those that are sifted, page after page may keep nobody
        renewed = time.monotonic()
        pipeline = redis.pipeline(transaction=False)
        if found:
            pipeline.sadd(built, *found)
        pipeline.expire(built, _STORED_SECONDS)
        added += sum(pipeline.execute()[:-1])
    return added


def _refuse_lost(target: str, added: int, claim: Claim | None) -> None:
    """Nothing where all who were in the set have been erased meanwhile. Raises LostSetError."""
    if claim is None or added > len(claim.left_out()):
        raise LostSetError(f"what was built of `{target}` is gone from Redis; the set is as it was")


Keep = Callable[[Sequence[int]], bool]


def sifted(redis: Any, key: str, asked: Sequence[str], keep: Keep, count: int = PAGE) -> Iterator[Page]:
    """Pages of the members of the set under a key that are kept for what the sets under other keys say of them."""
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
            yield (
                found
                if not asked
                else [each for each, said in zip(found, zip(*flags, strict=True), strict=True) if keep(said)]
            )
        if not cursor:
            return
        cursor, found = answers[0]


def in_all(said: Sequence[int]) -> bool:
    """Kept when every other set has them."""
    return all(said)


def in_none(said: Sequence[int]) -> bool:
    """Kept when no other set has them."""
    return not any(said)


def _keys(names: Iterable[str]) -> list[str]:
    return [keys.members(name) for name in names]
