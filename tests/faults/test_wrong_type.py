"""A key that another program has written as another type stops what needs it, and nothing is taken as done."""

from __future__ import annotations

import random

import pytest

from engine.segments.sets import switch
from engine.storage import keys
from engine.storage.key_types import WrongTypeError, wrong_keys
from engine.storage.partitions import PARTITIONS, partition_of
from tests.faults.test_workers_together import events, settled, working
from tests.integration.test_segments_rebuild import rebuild
from tests.live_world import World
from tests.servers.redis_servers import RedisServer
from tests.waiting import until

SOMEBODY = "c-3"
KEYS = {
    "segment:local": keys.members("local"),
    "segments:{…}": keys.segments_of(SOMEBODY),
    f"decisor:due:{partition_of(SOMEBODY)}": keys.due(partition_of(SOMEBODY)),
    f"decisor:transitions:{partition_of(SOMEBODY)}": keys.transitions_stream(partition_of(SOMEBODY)),
}


def cursors(world: World) -> list[bytes | None]:
    return [world.redis.get(keys.published_cursor(partition)) for partition in range(PARTITIONS)]


@pytest.mark.parametrize("family", KEYS)
def test_what_redis_refuses_is_published_once_the_key_is_mended(
    family: str, live_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world = live_world
    name = KEYS[family]
    world.drain()
    before = cursors(world)
    world.redis.delete(name)
    world.redis.lpush(name, "another program's")
    world.put(events(world, random.Random(31), 200))
    with working(world) as worker:
        until(lambda: family in caplog.text)
        number = partition_of(SOMEBODY)
        assert cursors(world)[number] == before[number]
        assert world.redis.xlen(keys.events_stream(number))
        assert not settled(world)
        assert SOMEBODY not in caplog.text
        assert "redis-cli" in caplog.text
        world.redis.delete(name)
        until(lambda: settled(world))
        assert worker.tally.dead == 0
    world.drain()
    world.check()
    world.check_transitions()
    with world.connect("tests") as connection:
        kept = connection.execute("SELECT count(*) FROM event").fetchone()
    assert kept == (sum(map(len, world.oracle.events.values())),)


def test_a_cursor_of_another_type_is_waited_for(live_world: World, caplog: pytest.LogCaptureFixture) -> None:
    world = live_world
    world.put(events(world, random.Random(32), 60))
    name = keys.published_cursor(3)
    world.redis.lpush(name, "another program's")
    with working(world):
        until(lambda: "`decisor doctor` names it" in caplog.text)
        world.redis.delete(name)
        until(lambda: settled(world))
    world.check()
    world.check_transitions()


def test_every_server_publishes_what_it_has_refused(
    live_world_anywhere: World, caplog: pytest.LogCaptureFixture
) -> None:
    world = live_world_anywhere
    name = keys.members("local")
    world.redis.lpush(name, "another program's")
    world.put(events(world, random.Random(33), 100))
    with working(world):
        until(lambda: "`segment:local` is not a set" in caplog.text)
        world.redis.delete(name)
        until(lambda: settled(world))
    world.drain()
    world.check()
    world.check_transitions()


def test_keys_of_another_type_are_named_with_what_mends_them(redis_any: RedisServer) -> None:
    client = redis_any.connect()
    client.sadd(keys.RUNNING, "local", "busy")
    assert wrong_keys(client) == []
    found = [keys.members("local"), keys.due(2), keys.events_stream(1)]
    for name in found:
        client.set(name, "another program's")
    told = wrong_keys(client)
    assert sorted(what.split("`")[1] for what, _ in told) == sorted(found)
    assert all(f"redis-cli TYPE '{what.split('`')[1]}'" in mend for what, mend in told)
    client.delete(keys.RUNNING)
    client.set(keys.RUNNING, "another program's")
    assert keys.RUNNING in {what.split("`")[1] for what, _ in wrong_keys(client)}
    client.close()


def test_a_rebuild_does_not_put_its_set_in_the_place_of_another_program_s_key(live_world: World) -> None:
    world = live_world
    world.put(events(world, random.Random(34), 100))
    world.drain()
    name = keys.members("local")
    world.redis.delete(name)
    world.redis.set(name, "another program's")
    with pytest.raises(WrongTypeError, match="`segment:local` is not a set"):
        rebuild(world, "local")
    assert world.redis.get(name) == b"another program's"
    world.redis.delete(name)
    rebuild(world, "local")
    world.drain()
    world.check()
    world.check_transitions()


def test_a_stored_set_neither(live_world: World) -> None:
    redis = live_world.redis
    redis.set(keys.members("mine"), "another program's")
    redis.sadd(keys.stored_members("mine", "built"), "c-1")
    with pytest.raises(WrongTypeError):
        switch(redis, "mine", keys.stored_members("mine", "built"), keep=True)
    assert redis.get(keys.members("mine")) == b"another program's"
    assert redis.keys("*mine*:switched") == []
