"""Who is in all, any, or only the first of some segments, also over millions of members and over a Cluster's nodes.

The server is asked for pages: a page of one set (SSCAN), and which of its members the other sets have (SMISMEMBER), the
next page in the same round trip. No command takes it longer than a fraction of a millisecond, and nothing but a page is
held here. Sets that stand still are answered exactly: SSCAN gives a member twice only if the set has shrunk meanwhile.
Of sets that change, the answer is of no single instant; what `store` writes is a set, so it has everybody once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

from ..storage import keys
from .claim import Claim, SegmentBusyError
from .owners import SegmentKeptError
from .sets import PAGE, counts, switch

Operation = Literal["intersect", "union", "difference"]
Page = list[bytes]

_STORED_SECONDS = 600  # a set that nobody goes on building goes away


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
    Raises SegmentBusyError where a `claim` does not stand any more.
    """
    built = keys.stored_members(target, secrets.token_hex(8))
    written = False
    try:
        for found in pages:
            if found:
                written = True
                pipeline = redis.pipeline(transaction=False)
                pipeline.sadd(built, *found)
                pipeline.expire(built, _STORED_SECONDS)
                pipeline.execute()
    except SegmentKeptError:
        redis.unlink(built)
        raise
    if claim is not None:
        claim.renew(always=True)
    if written and not redis.persist(built):
        raise LookupError(f"what was built of `{target}` is gone from Redis; the set is as it was")
    try:
        return switch(redis, target, built, keep=keep, claim=claim)
    except SegmentBusyError:
        redis.unlink(built)
        raise


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
