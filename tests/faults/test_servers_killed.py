"""Servers are killed, frozen, starved and lost while events flow; afterwards all is as if nothing had happened."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from redis.exceptions import RedisError

from engine.ir.program import Program
from engine.storage.locations import ServerUnreachableError
from engine.storage.migrate import migrate
from engine.storage.postgres import connect_postgres
from engine.storage.redis_client import connect_redis
from tests.live_world import World, random_events
from tests.servers.faults import PrivatePostgres, PrivateRedis
from tests.waiting import PATIENCE

CUSTOMERS = [f"c-{number}" for number in range(40)]


@contextmanager
def private_world(program: Program) -> Iterator[tuple[World, PrivatePostgres, PrivateRedis]]:
    """The shop on servers of its own, for this test to ill-treat."""
    with PrivatePostgres() as postgres, PrivateRedis() as redis:
        with connect_postgres(postgres.url, autocommit=True) as connection:
            migrate(connection)
        client = connect_redis(redis.url)
        yield World(postgres.url, client, program), postgres, redis
        client.close()


@contextmanager
def working(world: World) -> Iterator[threading.Event]:
    """A worker that runs in the background while its servers come and go."""
    stop = threading.Event()
    worker = world.worker(stop=stop)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def put_patiently(world: World, source: random.Random, count: int) -> None:
    """Put events on the queue one after the other, as often as it takes; what is put twice counts once."""
    for event in random_events(source, world.now_ms, CUSTOMERS, count):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                world.put([event])
                break
            except RedisError:
                assert time.monotonic() < deadline
                time.sleep(0.1)


def kill_redis(_postgres: PrivatePostgres, redis: PrivateRedis) -> None:
    redis.kill()
    time.sleep(0.5)
    redis.restart()


def kill_postgres(postgres: PrivatePostgres, _redis: PrivateRedis) -> None:
    postgres.kill()
    time.sleep(0.5)
    postgres.restart()


def freeze_redis(_postgres: PrivatePostgres, redis: PrivateRedis) -> None:
    redis.pause()
    time.sleep(2)
    redis.resume()


def freeze_postgres(postgres: PrivatePostgres, _redis: PrivateRedis) -> None:
    postgres.pause()
    time.sleep(2)
    postgres.resume()


def fill_disk_of_postgres(postgres: PrivatePostgres, _redis: PrivateRedis) -> None:
    postgres.fill_disk()
    time.sleep(2)
    postgres.free_disk()
    see_to_it(postgres)


def see_to_it(postgres: PrivatePostgres) -> None:
    """Whoever has made room starts a server that has ended meanwhile; it does when it cannot even recover."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            connect_postgres(postgres.url).close()
        except ServerUnreachableError:
            if postgres.has_ended:
                postgres.restart()
            time.sleep(0.2)
        else:
            return


@pytest.mark.parametrize("befall", [kill_redis, kill_postgres, freeze_redis, freeze_postgres, fill_disk_of_postgres])
def test_nothing_is_lost_and_nothing_counts_twice(
    befall: Callable[[PrivatePostgres, PrivateRedis], None], shop: Program
) -> None:
    source = random.Random(befall.__name__)
    with private_world(shop) as (world, postgres, redis):
        with working(world):
            feeding = threading.Thread(target=put_patiently, args=(world, source, 300))
            feeding.start()
            time.sleep(0.3)
            befall(postgres, redis)
            feeding.join(PATIENCE)
            assert not feeding.is_alive()
        world.drain()
        world.check()
        world.check_transitions()


def test_a_redis_that_lost_everything_is_written_again_from_postgresql(shop: Program) -> None:
    source = random.Random("lost")
    with private_world(shop) as (world, _postgres, redis):
        world.put(random_events(source, world.now_ms, CUSTOMERS, 200))
        world.drain()
        redis.lose()
        redis.restart()
        world.drain()
        world.check()
        world.put(random_events(source, world.now_ms, CUSTOMERS, 50))
        world.drain()
        world.check()
        world.pass_time(3 * 86_400_000)
        world.check()
