"""Serving copies that were written again know when a window slides, as those of live changes do."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from engine.ir.instant import format_instant
from engine.profiles.serving import ProfileReader
from engine.storage import batches, keys
from engine.storage.partitions import PARTITIONS
from tests.live_world import World, random_events

CUSTOMERS = [f"c-{number}" for number in range(30)]


def filled(world: World) -> World:
    """Without events of the near future, on which a worker acts when they have come."""
    events = random_events(random.Random(5), world.now_ms, CUSTOMERS, 250)
    world.put(event for event in events if event["time"] <= format_instant(world.now_ms))
    world.drain()
    return world


def lose_everything(world: World) -> None:
    world.redis.flushall()


def lose_the_copies(world: World) -> None:
    """As if the server had come back with an earlier state: the outbox brings it forward."""
    for customer in world.oracle.events:
        world.redis.delete(keys.profile(customer))
    for partition in range(PARTITIONS):
        world.redis.set(keys.published_cursor(partition), 0)


def shown(world: World) -> dict[str, tuple[Any, ...]]:
    """What the serving copies say: the profile, when time moves it, and to what, and until when that is exact."""
    found = {each: json.loads(world.redis.get(keys.profile(each))) for each in world.oracle.events}
    return {each: tuple(copy.get(name) for name in ("p", "due", "then", "until")) for each, copy in found.items()}


@pytest.mark.parametrize("lose", [lose_everything, lose_the_copies])
@pytest.mark.parametrize("events", [3, 20_000])
def test_a_copy_that_is_written_again_says_what_it_said(
    lose: Any, events: int, live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = filled(live_world)
    before = shown(world)
    assert sum(due is not None for _, due, *_ in before.values()) > 10
    monkeypatch.setattr(batches, "EVENTS", events)
    lose(world)
    world.drain()
    assert shown(world) == before
    world.check()


@pytest.mark.parametrize("lose", [lose_everything, lose_the_copies])
def test_a_copy_that_is_written_again_is_right_when_a_window_has_slid(lose: Any, live_world_anywhere: World) -> None:
    world = filled(live_world_anywhere)
    lose(world)
    world.drain()
    slides = {customer: due for customer, (_, due, *_) in shown(world).items() if due is not None}
    assert slides
    reader = ProfileReader(world.redis)
    for customer, at_ms in slides.items():
        for now_ms in (at_ms - 1, at_ms):
            assert reader.read(customer, now_ms).profile == world.oracle.profile(customer, now_ms)
        assert world.oracle.profile(customer, at_ms - 1) != world.oracle.profile(customer, at_ms)
