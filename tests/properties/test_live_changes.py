"""Whatever people do besides: definitions change, customers are erased, while events flow and time passes."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from engine.erasure.erasure import Erasure
from engine.erasure.place import Stores
from engine.ir.predicate import Not, Predicate
from engine.rebuilds.index_source import IndexSource
from engine.rebuilds.mover import move_all
from engine.rebuilds.rebuild import Rebuild, Wish
from engine.segments.registry import definition_of
from engine.worker.publish import settle
from tests.live_world import DAY, World, random_events

CUSTOMERS = [f"c-{number}" for number in range(12)]
PAUSES = [1, 60_000, 3_600_000, DAY, 2 * DAY + 1]


def erase(world: World, customer: str) -> None:
    """Erase a customer everywhere, proven by counts."""
    with world.connect("tests") as connection:

        def publish(upto: Mapping[int, int]) -> list[int]:
            return settle(connection, world.redis, upto, world.vault)

        key = world.program.catalogue.key
        stores = Stores(connection, world.redis, world.elasticsearch, world.vault, key, world.alias)
        report = Erasure(stores, publish).erase(customer, world.now_ms)
    assert report.done, report
    world.oracle.forget(customer)


def redefine(world: World, random_: random.Random) -> list[str]:
    """Let two segments mean something else; their names."""
    names = random_.sample(sorted(world.program.segments), 2)
    segments: dict[str, Predicate] = dict(world.program.segments)
    for name in names:
        other = segments[random_.choice(sorted(segments))]
        segments[name] = Not(other) if random_.random() < 0.3 else other
    world.program = replace(world.program, segments=segments)
    world.oracle.program = world.program
    return names


def rebuild(world: World, names: list[str]) -> None:
    """Build segments anew as the program has them now."""
    with world.connect("decisor rebuild") as connection:
        index = None if world.elasticsearch is None else IndexSource(world.elasticsearch, world.alias)
        run = Rebuild(connection, world.redis, world.vault, lambda: world.now_ms, index)
        run.run(Wish({name: definition_of(world.program, name) for name in names}))
        move_all(connection, world.redis, world.vault)


def live_through(world: World, random_: random.Random, rounds: int) -> None:
    """Events, erasures, new definitions and time, in turn."""
    for _ in range(rounds):
        world.put(random_events(random_, world.now_ms, CUSTOMERS, random_.randrange(10)))
        world.drain()
        if random_.random() < 0.3 and world.oracle.events:
            erase(world, random_.choice(sorted(world.oracle.events)))
        if random_.random() < 0.5:
            rebuild(world, redefine(world, random_))
        world.check()
        world.pass_time(random_.choice(PAUSES))
        world.check()


@pytest.mark.parametrize("seed", range(6))
def test_membership_is_right_after_erasures_and_new_definitions(seed: int, live_world: World) -> None:
    live_through(live_world, random.Random(seed), rounds=8)


@pytest.mark.parametrize("seed", range(2))
def test_it_is_with_an_index_too(seed: int, searched_world: World) -> None:
    live_through(searched_world, random.Random(seed + 50), rounds=5)
    for name in searched_world.program.segments:
        assert searched_world.found(name) == searched_world.oracle.members(name, searched_world.now_ms), name


@pytest.mark.parametrize("seed", range(3))
def test_a_definition_is_switched_in_while_events_flow(seed: int, live_world: World) -> None:
    world, random_ = live_world, random.Random(seed + 900)
    world.put(random_events(random_, world.now_ms, CUSTOMERS, 80))
    world.drain()
    stop = threading.Event()
    worker = world.worker(stop=stop)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        for _ in range(3):
            names = redefine(world, random_)
            building = threading.Thread(target=rebuild, args=(world, names))
            building.start()
            while building.is_alive():
                world.put(random_events(random_, world.now_ms, CUSTOMERS, 3))
            building.join()
    finally:
        stop.set()
        thread.join()
    world.drain()
    world.check()
    world.check_transitions()


def test_a_late_event_brings_nobody_back(live_world: World) -> None:
    world, random_ = live_world, random.Random("erased")
    events: list[Any] = random_events(random_, world.now_ms, CUSTOMERS, 100)
    world.put(events)
    world.drain()
    erase(world, "c-3")
    world.put([event for event in events if event["customer_id"] == "c-3"])
    world.put([{**event, "id": f"late-{event['id']}"} for event in events])
    world.drain()
    world.check()
    assert all("c-3" not in world.members(name) for name in world.program.segments)
    with world.connect("tests") as connection:
        assert connection.execute("SELECT count(*) FROM event WHERE profile = 'c-3'").fetchone() == (0,)
