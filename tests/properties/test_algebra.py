"""Set algebra over Redis gives what Python's sets give, on every server and on a Cluster."""

from __future__ import annotations

import random
from typing import Any

import pytest

from engine.segments.algebra import Operation, combine, count, store
from engine.segments.sets import members
from engine.storage import keys
from tests.servers.redis_servers import RedisServer

OPERATIONS: tuple[Operation, ...] = ("intersect", "union", "difference")


def expected(operation: Operation, sets: list[set[str]]) -> set[str]:
    """What Python says."""
    first, *others = sets
    match operation:
        case "intersect":
            return first.intersection(*others)
        case "union":
            return first.union(*others)
    return first.difference(*others)


def put(redis: Any, name: str, found: set[str]) -> None:
    """Make a segment's set."""
    redis.delete(keys.members(name))
    if found:
        redis.sadd(keys.members(name), *found)


def given(redis: Any, operation: Operation, names: list[str], page: int) -> list[str]:
    """Everything that is given, in order."""
    return [each.decode() for found in combine(redis, operation, names, page) for each in found]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_algebra_agrees_with_pythons_sets(operation: Operation, redis_any: RedisServer) -> None:
    redis: Any = redis_any.connect()
    random_ = random.Random(operation)
    people = [f"kunde-{number}-ÄÖ€😀" for number in range(2_000)]
    for _ in range(25):
        sizes = [random_.choice([0, 1, 5, 100, 700, 2_000]) for _ in range(random_.randrange(1, 5))]
        sets = [set(random_.sample(people, size)) for size in sizes]
        names = [f"s{place}" for place in range(len(sets))]
        for name, found in zip(names, sets, strict=True):
            put(redis, name, found)
        wanted = expected(operation, sets)
        page = random_.choice([3, 50, 1_000])
        answer = given(redis, operation, names, page)
        assert sorted(answer) == sorted(wanted)
        assert count(combine(redis, operation, names, page)) == len(wanted)
        assert store(redis, combine(redis, operation, names, page), "kept") == len(wanted)
        assert set(members(redis, "kept")) == wanted
        assert bool(redis.exists(keys.members("kept"))) is bool(wanted)
    redis.close()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_set_that_has_shrunk_before_is_given_exactly(operation: Operation, redis_any: RedisServer) -> None:
    """The table of a set that shrank is still being moved while others read it; whoever scans sees everybody once."""
    redis: Any = redis_any.connect()
    people = [f"c-{number}" for number in range(20_000)]
    put(redis, "a", set(people))
    put(redis, "b", set(people[::2]))
    for first in range(0, 19_000, 1_000):
        redis.srem(keys.members("a"), *people[first : first + 1_000])
    sets = [set(people[19_000:]), set(people[::2])]
    assert sorted(given(redis, operation, ["a", "b"], 10)) == sorted(expected(operation, sets))
    redis.close()


def test_a_segment_named_twice_counts_once(valkey_empty: RedisServer) -> None:
    redis: Any = valkey_empty.connect()
    put(redis, "a", {"x", "y"})
    assert sorted(given(redis, "union", ["a", "a"], 10)) == ["x", "y"]
    assert sorted(given(redis, "intersect", ["a", "a"], 10)) == ["x", "y"]
    assert given(redis, "difference", ["a", "a"], 10) == []
    with pytest.raises(ValueError, match="no segments"):
        next(combine(redis, "union", []))
    redis.close()


def test_a_stored_set_may_replace_one_of_its_own_parts(redis_any: RedisServer) -> None:
    redis: Any = redis_any.connect()
    put(redis, "a", {"x", "y"})
    put(redis, "b", {"y", "z"})
    assert store(redis, combine(redis, "union", ["a", "b"]), "a") == 3
    assert set(members(redis, "a")) == {"x", "y", "z"}
    assert redis.ttl(keys.members("a")) == -1
    redis.close()


def test_what_was_lost_while_it_was_built_never_becomes_a_set(valkey_empty: RedisServer) -> None:
    redis: Any = valkey_empty.connect()
    put(redis, "a", {"x"})

    def interrupted() -> Any:
        yield [b"y"]
        for key in redis.keys("{segment:a}:*"):
            redis.delete(key)

    with pytest.raises(LookupError, match="`a` is gone"):
        store(redis, interrupted(), "a")
    assert set(members(redis, "a")) == {"x"}
    redis.close()
