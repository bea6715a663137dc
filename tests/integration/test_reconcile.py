"""The audit finds what was broken on purpose, and repairs it."""

from __future__ import annotations

import random

import pytest

from engine.rebuilds.audit import Divergence, reconcile
from engine.storage import keys
from tests.live_world import World, random_events

CUSTOMERS = [f"c-{number}" for number in range(20)]


def _audited(world: World) -> Divergence:
    with world.connect("tests") as connection:
        return reconcile(connection, world.redis, world.vault, world.now_ms)


@pytest.fixture
def audited_shop(live_world: World) -> World:
    live_world.put(random_events(random.Random(5), live_world.now_ms, CUSTOMERS, 150))
    live_world.drain()
    return live_world


def test_where_nothing_is_wrong_nothing_is_found(audited_shop: World) -> None:
    found = _audited(audited_shop)
    assert found.customers == len(audited_shop.oracle.events)
    assert found.comparisons > found.customers
    assert found.differences == 0


def test_sets_that_were_changed_by_hand_are_repaired_both_ways(audited_shop: World) -> None:
    member = next(iter(audited_shop.members("elsewhere")))
    audited_shop.redis.srem(keys.members("elsewhere"), member)
    audited_shop.redis.sadd(keys.segments_of(member), "spenders", "no_such")
    audited_shop.redis.sadd(keys.members("spenders"), "nobody")
    found = _audited(audited_shop)
    assert (found.sets, found.strangers) == (1, 1)
    assert found.reverse >= 1
    audited_shop.check()
    assert _audited(audited_shop).differences == 0


def test_a_serving_copy_that_is_missing_is_written_again(audited_shop: World) -> None:
    customer = next(iter(audited_shop.oracle.events))
    audited_shop.redis.delete(keys.profile(customer))
    assert _audited(audited_shop).copies == 1
    assert audited_shop.redis.get(keys.profile(customer)) is not None


def test_a_profile_that_its_events_contradict_is_made_anew(audited_shop: World) -> None:
    customer = next(
        name for name in audited_shop.oracle.events if audited_shop.oracle.profile(name, audited_shop.now_ms)["orders"]
    )
    with audited_shop.connect("tests") as connection:
        connection.execute(
            'UPDATE profile SET value = (value::jsonb || \'{"orders": 99, "spend": 9999.0}\')::json WHERE profile = %s',
            (customer,),
        )
    assert _audited(audited_shop).verdicts >= 1
    audited_shop.check()
    with audited_shop.connect("tests") as connection:
        row = connection.execute("SELECT value FROM profile WHERE profile = %s", (customer,)).fetchone()
    assert row is not None
    assert row[0] == audited_shop.oracle.profile(customer, audited_shop.now_ms)
    assert _audited(audited_shop).differences == 0


def test_what_redis_brings_back_of_somebody_without_a_row_is_removed(live_world_anywhere: World) -> None:
    world = live_world_anywhere
    world.put(random_events(random.Random(5), world.now_ms, CUSTOMERS, 60))
    world.drain()
    for name in ("ghost", "{odd} one*"):
        world.redis.set(keys.profile(name), '{"v":1,"at":0,"p":{}}')
        world.redis.sadd(keys.segments_of(name), "spenders")
        world.redis.sadd(keys.members("spenders"), name)
    assert _audited(world).strangers >= 2
    for name in ("ghost", "{odd} one*"):
        assert world.redis.get(keys.profile(name)) is None
        assert not world.redis.smembers(keys.segments_of(name))
    world.check()
    assert _audited(world).differences == 0
