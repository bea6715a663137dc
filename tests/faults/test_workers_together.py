"""Several workers share the partitions and take over from each other; one that is no owner any more does no harm."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from engine.storage import keys
from engine.storage.partitions import PARTITION_LOCK
from engine.worker.loop import Worker
from tests.faults.test_worker_killed import doomed
from tests.live_world import DAY, World, random_events
from tests.servers.redis_servers import RedisServer
from tests.waiting import PATIENCE, until

CUSTOMERS = [f"c-{number}" for number in range(60)]


@contextmanager
def working(world: World) -> Iterator[Worker]:
    """A worker in the background."""
    stop = threading.Event()
    worker = world.worker(stop=stop)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def events(world: World, source: random.Random, count: int) -> list[dict[str, object]]:
    """Events of which none lies in the future, so that it does not matter when they are taken in."""
    found = random_events(source, world.now_ms, CUSTOMERS, count)
    return [each for each in found if each["time"] <= "2026-03-01T00:00:00.000Z"]


def settled(world: World) -> bool:
    """Whether everything that was put is committed, published and acknowledged."""
    for partition in range(16):
        stream = keys.events_stream(partition)
        if world.redis.xlen(stream):
            last = world.redis.xinfo_stream(stream)["last-generated-id"]
            if [(each["pending"], each["last-delivered-id"]) for each in world.redis.xinfo_groups(stream)] != [
                (0, last)
            ]:
                return False
    with world.connect("tests") as connection:
        rows = connection.execute("SELECT number, seq FROM partition").fetchall()
    return all(int(world.redis.get(keys.published_cursor(number)) or 0) >= seq for number, seq in rows)


def owners(world: World) -> dict[int, int]:
    """The sessions that own partitions."""
    with world.connect("tests") as connection:
        rows = connection.execute(
            "SELECT objid::int, pid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            (PARTITION_LOCK,),
        ).fetchall()
    assert len({number for number, _ in rows}) == len(rows)
    return dict(rows)


def shared(workers: Sequence[Worker]) -> bool:
    """Whether the workers own all partitions, and none more than its share, rounded up."""
    numbers = [len(each.owned) for each in workers]
    return sum(numbers) == 16 and max(numbers) <= -(-16 // len(workers))


def end_sessions(world: World) -> None:
    """End the sessions of all workers, as an administrator does."""
    with world.connect("tests") as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'decisor worker'"
        )


def test_workers_share_the_partitions_evenly(live_world: World) -> None:
    world = live_world
    with ExitStack() as stack:
        workers = [stack.enter_context(working(world))]
        until(lambda: len(workers[0].owned) == 16)
        for _ in range(2):
            workers.append(stack.enter_context(working(world)))
            until(lambda: shared(workers))
            assert len(frozenset[int]().union(*(each.owned for each in workers))) == 16
            assert len(owners(world)) == 16
        source = random.Random(1)
        for _ in range(10):
            world.put(events(world, source, 60))
        until(lambda: settled(world))
    world.check()
    world.check_transitions()
    assert all(each.tally.kept for each in workers)


def test_when_one_is_killed_the_other_takes_over_and_nothing_is_lost(live_world: World, valkey: RedisServer) -> None:
    world = live_world
    source = random.Random(2)
    with working(world) as other:
        until(lambda: len(other.owned) == 16)
        world.put(events(world, source, 10))
        until(lambda: settled(world))
        with doomed(world, valkey.url, "locked:after", 3, "KILL", "stay") as worker:
            until(lambda: len(set(owners(world).values())) == 2)
            until(lambda: len(other.owned) == 8)
            while worker.poll() is None:
                world.put(events(world, source, 60))
                time.sleep(0.05)
            assert worker.returncode == -signal.SIGKILL
        until(lambda: len(other.owned) == 16)
        until(lambda: settled(world))
    world.check()
    world.check_transitions()


def test_a_worker_whose_session_is_ended_works_on_with_a_new_one(live_world: World) -> None:
    world = live_world
    source = random.Random(3)
    with working(world) as worker:
        until(lambda: len(worker.owned) == 16)
        for _ in range(8):
            world.put(events(world, source, 40))
            end_sessions(world)
            until(lambda: len(owners(world)) == 16)
        until(lambda: settled(world))
    world.check()
    world.check_transitions()


def is_stopped(pid: int) -> bool:
    """Whether the process sleeps until it is told to go on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.mark.parametrize(
    "point",
    [
        "process:before",
        "locked:after",
        "commit:before",
        "commit:after",
        "process:after",
        "send:before",
        "send:after",
        "exchange:before",
        "exchange:after",
    ],
)
def test_one_that_slept_while_another_took_over_changes_nothing_when_it_wakes(
    point: str, live_world: World, valkey: RedisServer
) -> None:
    world = live_world
    source = random.Random(point)
    world.put(events(world, source, 60))
    world.drain()
    world.put(events(world, source, 60))
    with doomed(world, valkey.url, point, 1, "STOP", "drain") as sleeper:
        until(lambda: is_stopped(sleeper.pid))
        end_sessions(world)
        with working(world) as worker:
            until(lambda: len(worker.owned) == 16)
            world.put(events(world, source, 200))
            until(lambda: settled(world))
            world.check()
            sleeper.send_signal(signal.SIGCONT)
            until(lambda: bool(sleeper.poll() is not None or len(worker.owned) == 8))
            assert sleeper.wait(PATIENCE) == 0
            until(lambda: len(worker.owned) == 16)
            until(lambda: settled(world))
            world.check()
            for partition in range(16):
                with world.connect("tests") as connection:
                    row = connection.execute("SELECT seq FROM partition WHERE number = %s", (partition,)).fetchone()
                assert row is not None
                assert int(world.redis.get(keys.published_cursor(partition))) == row[0]
            world.put(events(world, source, 100))
            until(lambda: settled(world))
    world.check()
    world.check_transitions()
    world.pass_time(DAY)
    world.check()
