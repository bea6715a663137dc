"""Reading a customer: one round trip, on every server; windows slide exactly though nothing was written since."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis
from redis.connection import UnixDomainSocketConnection

from engine.ir.instant import format_instant
from engine.profiles.serving import ProfileReader, Served
from engine.runtime.loaded import Runtime
from engine.storage import keys
from tests.live_world import DAY, World, random_events
from tests.servers.redis_servers import RedisServer

CUSTOMERS = [f"c-{number}" for number in range(20)]


class Counting(UnixDomainSocketConnection):
    """A connection that counts how often something is sent."""

    sent = 0

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:  # noqa: FBT001, FBT002 - the library's
        Counting.sent += 1
        super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]


@pytest.fixture
def counted(valkey_empty: RedisServer) -> Iterator[Any]:
    """A client whose sendings are counted."""
    path = valkey_empty.url.removeprefix("unix://").partition("?")[0]
    pool = redis.ConnectionPool(connection_class=Counting, path=path, protocol=2)
    client = redis.Redis(connection_pool=pool)
    client.ping()
    yield client
    client.close()
    pool.disconnect()


def filled(world: World) -> World:
    world.put(random_events(random.Random(21), world.now_ms, CUSTOMERS, 200))
    world.drain()
    return world


def test_a_customer_is_read_in_one_round_trip_of_two_commands(live_world: World, counted: Any) -> None:
    world = filled(live_world)
    reader = ProfileReader(counted)
    world.redis.config_resetstat()
    Counting.sent = 0
    served = reader.read("c-1", world.now_ms)
    assert Counting.sent == 1
    many = reader.read_many(CUSTOMERS, world.now_ms)
    assert Counting.sent == 2
    assert reader.segments("c-1") == served.segments
    assert reader.is_member("c-1", "active") == ("active" in served.segments)
    assert Counting.sent == 4
    stats = {name: each["calls"] for name, each in world.redis.info("commandstats").items()}
    del stats["cmdstat_config|resetstat"]
    assert stats == {"cmdstat_get": 21, "cmdstat_smembers": 22, "cmdstat_sismember": 1}
    assert many[CUSTOMERS.index("c-1")] == served


def test_it_is_what_the_oracle_says_on_every_server(live_world_anywhere: World) -> None:
    world = filled(live_world_anywhere)
    reader = ProfileReader(world.redis)
    for customer, served in zip(CUSTOMERS, reader.read_many(CUSTOMERS, world.now_ms), strict=True):
        if customer in world.oracle.events:
            assert served.profile == world.oracle.profile(customer, world.now_ms)
            assert served.segments == {
                name for name in world.program.segments if world.oracle.holds(name, customer, world.now_ms)
            }
            assert served.version > 0
        else:
            assert served == Served(None, frozenset(), 0)


@pytest.mark.parametrize("customer", ["nobody", "", "a b", "{x}", "c:1", "日本", "{}", "}{"])
def test_one_who_is_not_known_is_nobody(customer: str, live_world: World, redis_cluster_empty: RedisServer) -> None:
    for client in (live_world.redis, redis_cluster_empty.connect()):
        assert ProfileReader(client).read(customer, live_world.now_ms) == Served(None, frozenset(), 0)


def test_one_who_is_not_known_has_the_profile_and_segments_of_no_events_where_they_are_asked_for(
    live_world: World,
) -> None:
    world = live_world
    reader = ProfileReader(world.redis, newcomer=Runtime(world.program).newcomer)
    served = reader.read("c-1", world.now_ms)  # on the list of the segment `chosen`, but never seen
    assert served.profile == {"customer_id": "c-1", "orders": 0, "orders_10d": 0, "spend": 0.0}
    assert {"chosen", "small_week", "quiet", "elsewhere"} <= served.segments
    assert (served.version, served.as_of_ms) == (0, None)
    world.put([{"id": "e", "type": "$set", "customer_id": "c-1", "time": format_instant(world.now_ms), "data": {}}])
    world.drain()
    assert reader.read("c-1", world.now_ms) == replace(served, version=1)
    world.redis.delete(keys.profile("c-1"))  # a lost copy is not a newcomer
    assert reader.read("c-1", world.now_ms).profile is None


def test_customers_of_any_name_are_found_again_in_the_cluster(live_world_anywhere: World) -> None:
    world = live_world_anywhere
    names = ["a b", "{x}", "c:1", "日本", "{}", "}{", "{", "a{b}c", "x" * 512, "\u200b", "'", '"', "%s", "*", "\\"]
    world.put(
        {"id": f"e-{number}", "type": "visit", "customer_id": name, "time": format_instant(world.now_ms), "data": {}}
        for number, name in enumerate(names)
    )
    assert world.drain().kept == len(names)
    world.check()
    for name in names:
        served = ProfileReader(world.redis).read(name, world.now_ms)
        assert served.profile == world.oracle.profile(name, world.now_ms)
        assert "small_week" in served.segments


def test_a_window_slides_exactly_at_the_next_change_while_no_worker_runs(live_world: World) -> None:
    world = live_world
    start = world.now_ms
    reader = ProfileReader(world.redis)
    event = {"id": "e-1", "type": "purchase", "customer_id": "c-1", "time": format_instant(start)}
    world.put([{**event, "data": {"amount": 50.0}}])
    world.drain()
    # Others wake before, as their segments may change, and nothing of the customer does.
    for window, name in ((7, "best_7d"), (10, "orders_10d")):
        slides = start + window * DAY + 1
        for at_ms in (start + 5 * DAY, slides - 2, slides - 1, slides, slides + 1):
            profile = reader.read("c-1", max(at_ms, world.now_ms)).profile or {}
            assert profile == world.oracle.profile("c-1", max(at_ms, world.now_ms))
            assert (profile.get(name) in {None, 0}) == (at_ms >= slides)
        world.pass_time(slides - world.now_ms)
        assert reader.read("c-1", world.now_ms).profile == world.oracle.profile("c-1", world.now_ms)


def test_a_copy_is_text_that_any_client_can_read(live_world: World) -> None:
    world = filled(live_world)
    raw = world.redis.get(keys.profile("c-1"))
    assert raw.startswith(b'{"v":')
    assert b'"p":{' in raw


def purchase(name: str, at_ms: int, amount: float) -> dict[str, Any]:
    return {
        "id": name,
        "type": "purchase",
        "customer_id": "c-1",
        "time": format_instant(at_ms),
        "data": {"amount": amount},
    }


def test_a_copy_is_exact_though_many_slides_change_nothing_before_one_does(live_world: World) -> None:
    world = live_world
    start = world.now_ms
    # Small purchases leave the window of the maximum one after the other, and the great one after all of them.
    world.put(purchase(f"e-{number}", start - 1_000 + number, 5.0) for number in range(20))
    world.put([purchase("e-great", start, 50.0)])
    world.drain()
    reader = ProfileReader(world.redis)
    slides = start + 7 * DAY + 1
    for at_ms in (slides - 900, slides - 1, slides):
        served = reader.read("c-1", at_ms)
        assert (served.profile, served.as_of_ms) == (world.oracle.profile("c-1", at_ms), None)
    assert "best_7d" not in (reader.read("c-1", slides).profile or {})


def test_a_copy_says_as_of_when_it_is_exact_where_the_worker_is_far_behind(live_world: World) -> None:
    world = live_world
    start = world.now_ms
    world.put(purchase(f"e-{number}", start - 10 * DAY + DAY * number, 50.0 - number) for number in range(10))
    world.drain()
    reader = ProfileReader(world.redis)
    behind = 0
    for at_ms in range(start, start + 11 * DAY, DAY // 4):
        served = reader.read("c-1", at_ms)
        exact_ms = at_ms if served.as_of_ms is None else served.as_of_ms
        assert served.profile == world.oracle.profile("c-1", exact_ms)
        behind += served.as_of_ms is not None
    assert behind
    world.pass_time(11 * DAY)
    assert reader.read("c-1", world.now_ms).as_of_ms is None


def test_a_copy_is_exact_up_to_an_event_from_the_future_and_again_behind_it(live_world: World) -> None:
    world = live_world
    start = world.now_ms
    world.put([purchase("e-1", start, 50.0)])
    world.drain()
    reader = ProfileReader(world.redis)
    for number, kind in enumerate(("purchase", "visit")):
        happens = world.now_ms + 60_000
        world.put([{**purchase(f"e-{number}-later", happens, 50.0), "type": kind, "data": {}}])
        world.drain()
        assert reader.read("c-1", happens - 1).as_of_ms is None
        assert reader.read("c-1", happens).as_of_ms == happens - 1
        world.redis.delete(keys.profile("c-1"))
        for partition in range(16):
            world.redis.set(keys.published_cursor(partition), 0)
        world.drain()  # the copy is written again from what is committed
        assert reader.read("c-1", happens).as_of_ms == happens - 1
        world.pass_time(60_000)
        served = reader.read("c-1", happens)
        assert (served.profile, served.as_of_ms) == (world.oracle.profile("c-1", happens), None)
