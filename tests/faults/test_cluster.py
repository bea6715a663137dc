"""The same on a Cluster: workers are killed and sleep, and nodes stop and come back."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from engine.ir.instant import format_instant
from engine.ir.program import Program
from engine.profiles.serving import ProfileReader
from engine.storage import keys
from engine.storage.partitions import PARTITIONS
from engine.storage.redis_client import connect_redis
from tests.faults.test_servers_killed import put_patiently
from tests.faults.test_worker_killed import CUSTOMERS, doomed, run_doomed
from tests.faults.test_workers_together import end_sessions, is_stopped, settled, working
from tests.live_world import DAY, World, random_events
from tests.servers.postgres import Database
from tests.servers.redis_cluster import Cluster, running_cluster
from tests.servers.redis_servers import RedisServer
from tests.waiting import PATIENCE, until


@pytest.fixture
def cluster_shop(shop: Program, wheel_database: Database, redis_cluster_empty: RedisServer) -> Iterator[World]:
    """The shop on the Cluster."""
    client = redis_cluster_empty.connect()
    yield World(wheel_database.url, client, shop)
    client.close()


@pytest.mark.parametrize("point", ["commit:after", "process:after", "send:before", "send:after"])
def test_a_killed_worker_loses_nothing_and_counts_nothing_twice(
    point: str, cluster_shop: World, redis_cluster: RedisServer
) -> None:
    random_ = random.Random(point)
    killed = 0
    for count in (1, 3):
        events = random_events(random_, cluster_shop.now_ms, CUSTOMERS, 120)
        cluster_shop.put([event for event in events if event["time"] <= format_instant(cluster_shop.now_ms + 300_000)])
        killed += run_doomed(cluster_shop, redis_cluster.url, point, count) == -signal.SIGKILL
        if count == 1:
            cluster_shop.now_ms += DAY
        cluster_shop.drain()
        cluster_shop.check()
    assert killed
    cluster_shop.check_transitions()


def test_a_worker_killed_between_the_slots_publishes_the_rest_later(cluster_shop: World) -> None:
    """As if it had died after the first of the commands of a batch: none of the cursors has moved."""
    cluster_shop.put(random_events(random.Random(4), cluster_shop.now_ms, CUSTOMERS, 100))
    cluster_shop.drain()
    partitions = range(16)
    with cluster_shop.connect("tests") as connection:
        rows = connection.execute("SELECT number, seq FROM partition").fetchall()
    for number, seq in rows:
        cluster_shop.redis.set(f"decisor:published:{number}", max(0, seq - 3))
    cluster_shop.drain()
    cluster_shop.check()
    cluster_shop.check_transitions()
    assert [int(cluster_shop.redis.get(f"decisor:published:{number}")) for number in partitions] == [
        seq for _, seq in sorted(rows)
    ]


def is_right(world: World) -> bool:
    """Whether sets, own sets and serving copies are all what the oracle says."""
    try:
        world.check()
    except AssertionError:
        return False
    customers = sorted(world.oracle.events)
    served = ProfileReader(world.redis).read_many(customers, world.now_ms)
    return [each.profile for each in served] == [world.oracle.profile(each, world.now_ms) for each in customers]


@pytest.mark.parametrize("written", ["batch", "restored"])
def test_what_a_sleeper_writes_over_its_successors_is_published_again(
    written: str, cluster_shop: World, redis_cluster: RedisServer
) -> None:
    """It sleeps once it has seen that the cursors are right, with a batch of events or a page of a restoration."""
    source = random.Random(written)

    def put(count: int) -> None:
        found = random_events(source, cluster_shop.now_ms, CUSTOMERS, count)
        cluster_shop.put(each for each in found if each["time"] <= format_instant(cluster_shop.now_ms))

    put(100)
    cluster_shop.drain()
    put(40)
    if written == "restored":
        for partition in range(PARTITIONS):
            cluster_shop.redis.delete(keys.published_cursor(partition))
    with doomed(cluster_shop, redis_cluster.url, "expect:after", 1, "STOP", "drain") as sleeper:
        until(lambda: is_stopped(sleeper.pid))
        end_sessions(cluster_shop)
        with working(cluster_shop) as worker:
            until(lambda: len(worker.owned) == 16)
            put(300)
            until(lambda: settled(cluster_shop))
            assert is_right(cluster_shop)
            sleeper.send_signal(signal.SIGCONT)
            assert sleeper.wait(PATIENCE) == 0
            until(lambda: len(worker.owned) == 16)
            until(lambda: settled(cluster_shop))
            until(lambda: is_right(cluster_shop))
    cluster_shop.check_transitions()


def restart(cluster: Cluster, number: int) -> None:
    """Stop a node, for a while, and start it again on what it kept."""
    node = cluster.node(number)
    node.shutdown(save=True)
    node.close()
    cluster.servers[number].wait()
    time.sleep(1)
    cluster.start(number)


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A Cluster to ill-treat."""
    with running_cluster() as cluster:
        yield cluster


def test_a_node_that_stops_and_comes_back_is_waited_for(
    own_cluster: Cluster, shop: Program, wheel_database: Database
) -> None:
    client: Any = connect_redis(own_cluster.url)
    world = World(wheel_database.url, client, shop)
    with working(world):
        feeding = threading.Thread(target=put_patiently, args=(world, random.Random(8), 200))
        feeding.start()
        time.sleep(0.3)
        restart(own_cluster, 1)
        feeding.join(PATIENCE)
        assert not feeding.is_alive()
    world.drain()
    world.check()
    world.check_transitions()
    client.close()
