"""After any history, at any instant, membership in Redis is what a slow oracle computes from the raw events."""

from __future__ import annotations

import random

import pytest

from engine.storage import keys
from engine.storage.partitions import PARTITIONS
from tests.live_world import DAY, World, random_events

CUSTOMERS = [f"c-{number}" for number in range(8)]
PAUSES = [1, 1_000, 60_000, 3_600_000, DAY // 2, DAY, 3 * DAY + 1]


@pytest.mark.parametrize("seed", range(12))
def test_membership_is_what_the_oracle_says(seed: int, live_world: World) -> None:
    _live_through(live_world, random.Random(seed), rounds=12)


def test_it_is_on_every_server(live_world_anywhere: World) -> None:
    _live_through(live_world_anywhere, random.Random(7), rounds=5)


@pytest.mark.parametrize("seed", range(3))
def test_the_index_finds_whom_the_oracle_finds(seed: int, searched_world: World) -> None:
    world = searched_world
    random_ = random.Random(seed + 1_000)
    for _ in range(4):
        world.put(random_events(random_, world.now_ms, CUSTOMERS, 15))
        world.drain()
        world.pass_time(random_.choice(PAUSES))
        world.check()
        for name in world.program.segments:
            assert world.found(name) == world.oracle.members(name, world.now_ms), name


def _live_through(world: World, random_: random.Random, rounds: int) -> None:
    for _ in range(rounds):
        world.put(random_events(random_, world.now_ms, CUSTOMERS, random_.randrange(8)))
        world.drain()
        world.check()
        world.pass_time(random_.choice(PAUSES))
        world.check()
    world.check_transitions()


def next_due(world: World) -> int:
    """The first instant at which time alone moves somebody."""
    first = (world.redis.zrange(keys.due(partition), 0, 0, withscores=True) for partition in range(PARTITIONS))
    return min(int(score) for found in first for _, score in found)


def test_time_alone_moves_customers_at_the_exact_instant(live_world: World) -> None:
    world = live_world
    random_ = random.Random(99)
    world.put(random_events(random_, world.now_ms, CUSTOMERS, 40))
    world.drain()
    before = {row[:3] for row in world.transitions()}
    for _ in range(50):  # each time at least one is due; up to ten minutes late, a move is noted for its own instant
        world.pass_time(next_due(world) - world.now_ms + random_.randrange(590_000))
    moved = [row for row in world.transitions() if row[:3] not in before]
    assert len(moved) > 50
    for segment, customer, number, at_ms, reason in moved:
        assert reason == "time"
        assert world.oracle.holds(segment, customer, at_ms) is (number % 2 == 1)
        assert world.oracle.holds(segment, customer, at_ms - 1) is (number % 2 == 0)


def test_a_due_instant_of_nobody_or_in_another_partition_is_dropped(live_world: World) -> None:
    world = live_world
    for partition in range(16):
        world.redis.zadd(keys.due(partition), {"nobody": world.now_ms})
    world.drain()
    assert not any(world.redis.zcard(keys.due(partition)) for partition in range(16))
