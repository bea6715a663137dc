"""Whatever is broken of what Redis shows, and of stored profiles, one round of the audit repairs all of it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from engine.profiles.serving import ProfileReader
from engine.rebuilds.audit import Divergence, reconcile
from engine.storage import keys
from engine.storage.partitions import partition_of
from tests.live_world import DAY, World, random_events

CUSTOMERS = [f"c-{number}" for number in range(25)]
Damage = Callable[[World, random.Random], None]


def lose_member(world: World, source: random.Random) -> None:
    name = keys.members(source.choice(sorted(world.program.segments)))
    for member in world.redis.srandmember(name, 2):
        world.redis.srem(name, member)


def add_member(world: World, source: random.Random) -> None:
    segment = source.choice(sorted(world.program.segments))
    world.redis.sadd(keys.members(segment), source.choice([*CUSTOMERS, "nobody", "日本"]))


def lose_set(world: World, source: random.Random) -> None:
    world.redis.delete(keys.members(source.choice(sorted(world.program.segments))))


def change_reverse(world: World, source: random.Random) -> None:
    name = keys.segments_of(source.choice(sorted(world.oracle.events)))
    world.redis.delete(name)
    world.redis.sadd(name, source.choice(sorted(world.program.segments)), "no_such")


def lose_copy(world: World, source: random.Random) -> None:
    world.redis.delete(keys.profile(source.choice(sorted(world.oracle.events))))


def lose_due(world: World, source: random.Random) -> None:
    world.redis.delete(keys.due(partition_of(source.choice(CUSTOMERS))))


def spoil_profile(world: World, source: random.Random) -> None:
    customer = source.choice(sorted(world.oracle.events))
    spoilt = json.dumps({"customer_id": customer, "orders": source.randrange(99), "spend": 9_999.0, "country": "XX"})
    with world.connect("tests") as connection:
        connection.execute("UPDATE profile SET value = %s WHERE profile = %s", (spoilt, customer))


DAMAGES: list[Damage] = [lose_member, add_member, lose_set, change_reverse, lose_copy, lose_due, spoil_profile]


def audited(world: World) -> Divergence:
    with world.connect("tests") as connection:
        return reconcile(connection, world.redis, world.vault, world.now_ms)


@pytest.mark.parametrize("seed", range(8))
def test_one_round_repairs_everything(seed: int, live_world: World) -> None:
    world, source = live_world, random.Random(seed)
    world.put(random_events(source, world.now_ms, CUSTOMERS, 150))
    world.drain()
    for _ in range(3):
        for damage in source.choices(DAMAGES, k=source.randrange(1, 8)):
            damage(world, source)
        audited(world)
        again = audited(world)
        assert again.differences == 0, again
        world.check()
        reader: Any = ProfileReader(world.redis)
        for customer in world.oracle.events:
            assert reader.read(customer, world.now_ms).profile == world.oracle.profile(customer, world.now_ms)
        world.pass_time(source.choice([1_000, DAY, 3 * DAY]))
        world.check()
        world.put(random_events(source, world.now_ms, CUSTOMERS, 10))
        world.drain()
        world.check()
    world.check_transitions()
