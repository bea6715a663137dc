"""Serving copies that were written again know when a window slides, as those of live changes do."""

from __future__ import annotations

import random

from engine.profiles.serving import ProfileReader
from engine.storage import keys
from tests.live_world import DAY, World, random_events

CUSTOMERS = [f"c-{number}" for number in range(30)]
LATER = (1, 12 * 3_600_000, DAY, 2 * DAY, 3 * DAY, 5 * DAY, 7 * DAY, 10 * DAY, 13 * DAY)


def filled(world: World) -> World:
    world.put(random_events(random.Random(5), world.now_ms, CUSTOMERS, 250))
    world.drain()
    return world


def shown(world: World) -> dict[str, str]:
    """The serving copies as they lie there."""
    return {each: world.redis.get(keys.profile(each)).decode() for each in world.oracle.events}


def read_later(world: World) -> int:
    """Reads everybody at later instants while nobody works; how many windows have slid."""
    reader = ProfileReader(world.redis)
    slid = 0
    for customer in world.oracle.events:
        now = world.oracle.profile(customer, world.now_ms)
        slides_ms = slide_of(world, customer)
        for at_ms in (*(world.now_ms + each for each in LATER), *([slides_ms - 1, slides_ms] if slides_ms else [])):
            if slides_ms is not None and second_slide(world, customer, slides_ms, at_ms):
                continue
            wanted = world.oracle.profile(customer, at_ms)
            assert reader.read(customer, at_ms).profile == wanted
            slid += wanted != now
    return slid
