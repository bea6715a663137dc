"""One node of a Cluster loses what it kept while the others do not: it is noticed, and made good from PostgreSQL."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from redis.exceptions import RedisClusterException, RedisError

from engine.ir.program import Program
from engine.profiles.serving import ProfileReader
from engine.storage import keys
from engine.storage.partitions import PARTITIONS, partition_of
from engine.storage.redis_client import connect_redis
from engine.worker.witnesses import witnesses_of
from tests.faults.test_workers_together import working
from tests.live_world import DAY, World, random_events
from tests.servers.postgres import Database
from tests.servers.redis_cluster import NODES, Cluster, running_cluster
from tests.waiting import PATIENCE, until

CUSTOMERS = [f"c-{number}" for number in range(40)]


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A Cluster to ill-treat."""
    with running_cluster() as found:
        yield found


@pytest.fixture
def used_cluster_shop(cluster: Cluster, shop: Program, wheel_database: Database) -> Iterator[World]:
    """The shop on it, with some history."""
    client: Any = connect_redis(cluster.url)
    world = World(wheel_database.url, client, shop)
    put(world, 1, 150)
    world.drain()
    yield world
    client.close()


def put(world: World, seed: int, count: int, customers: list[str] = CUSTOMERS) -> None:
    world.put(random_events(random.Random(seed), world.now_ms, customers, count))


def is_right(world: World) -> bool:
    """Whether sets, own sets and serving copies are all what the oracle says."""
    try:
        world.check()
        customers = sorted(world.oracle.events)
        served = ProfileReader(world.redis).read_many(customers, world.now_ms)
    except (AssertionError, RedisError, RedisClusterException):
        return False
    return [each.profile for each in served] == [world.oracle.profile(each, world.now_ms) for each in customers]


def is_well(world: World) -> bool:
    """Whether every node takes part in the Cluster again."""
    try:
        told = world.redis.cluster_info(target_nodes="all").values()
    except (RedisError, RedisClusterException):
        return False
    return {each["cluster_state"] for each in told} == {"ok"}


@pytest.mark.parametrize("number", range(NODES))
def test_a_node_that_comes_back_empty_is_filled_again_while_nothing_else_happens(
    number: int, cluster: Cluster, used_cluster_shop: World
) -> None:
    with working(used_cluster_shop) as worker:
        until(lambda: len(worker.owned) == PARTITIONS)
        cluster.kill(number)
        cluster.start(number)
        until(lambda: is_right(used_cluster_shop))
    put(used_cluster_shop, 2, 50)
    used_cluster_shop.drain()
    assert is_right(used_cluster_shop)
    used_cluster_shop.pass_time(3 * DAY)
    assert is_right(used_cluster_shop)


@pytest.mark.parametrize("number", range(NODES))
def test_a_node_that_comes_back_older_is_brought_forward(
    number: int, cluster: Cluster, used_cluster_shop: World
) -> None:
    node = cluster.node(number)
    node.save()
    used_cluster_shop.pass_time(6 * DAY)
    put(used_cluster_shop, 2, 100)
    used_cluster_shop.drain()
    with working(used_cluster_shop) as worker:
        until(lambda: len(worker.owned) == PARTITIONS)
        cluster.kill(number)
        cluster.start(number)
        until(lambda: is_right(used_cluster_shop))
    used_cluster_shop.drain()
    used_cluster_shop.check_transitions()
    node.close()


def test_an_older_node_of_which_the_outbox_says_nothing_any_more_is_made_right_as_well(
    cluster: Cluster, used_cluster_shop: World
) -> None:
    nodes = [cluster.node(number) for number in range(NODES)]
    for node in nodes:
        node.save()
    used_cluster_shop.pass_time(6 * DAY)
    put(used_cluster_shop, 2, 100)
    used_cluster_shop.drain()
    with used_cluster_shop.connect("tests") as connection:
        connection.execute("DELETE FROM outbox")
    for number in range(NODES):
        cluster.kill(number)
        cluster.start(number)
        until(lambda: is_well(used_cluster_shop))
        used_cluster_shop.drain()
        assert is_right(used_cluster_shop)
    for node in nodes:
        node.close()


@pytest.mark.parametrize("back", ["empty", "older"])
def test_what_is_published_before_it_is_noticed_is_not_lost(
    back: str, cluster: Cluster, used_cluster_shop: World
) -> None:
    node = cluster.node(1)
    if back == "older":
        node.save()
        put(used_cluster_shop, 2, 50)
        used_cluster_shop.drain()
    owners = used_cluster_shop.redis.nodes_manager.slots_cache
    lost = {slot for slot, nodes in owners.items() if nodes[0].port == cluster.places[1].port}
    # What waits on the stream of a node is gone with it.
    safe = [
        each
        for each in CUSTOMERS
        if used_cluster_shop.redis.keyslot(keys.events_stream(partition_of(each))) not in lost
    ]
    events = random_events(random.Random(3), used_cluster_shop.now_ms, safe, 400)

    def feed() -> None:
        for event in events:
            while True:
                try:
                    used_cluster_shop.put([event])
                    break
                except (RedisError, RedisClusterException):
                    continue

    with working(used_cluster_shop) as worker:
        until(lambda: len(worker.owned) == PARTITIONS)
        feeding = threading.Thread(target=feed)
        feeding.start()
        cluster.kill(1)
        cluster.start(1)
        feeding.join(PATIENCE)
        assert not feeding.is_alive()
    used_cluster_shop.drain()
    assert is_right(used_cluster_shop)
    node.close()


def test_a_node_that_is_lost_while_no_worker_runs_is_found_by_the_next(
    cluster: Cluster, used_cluster_shop: World
) -> None:
    cluster.kill(2)
    cluster.start(2)
    until(lambda: is_well(used_cluster_shop))
    assert not is_right(used_cluster_shop)
    used_cluster_shop.drain()
    assert is_right(used_cluster_shop)


def test_slots_that_move_take_their_data_along_and_nothing_is_written_again(
    cluster: Cluster, used_cluster_shop: World
) -> None:
    witnesses = witnesses_of(used_cluster_shop.redis)
    assert witnesses is not None
    customer = min(used_cluster_shop.oracle.events)
    used_cluster_shop.redis.delete(keys.profile(customer))
    for slot in witnesses.slots:
        move_slot(used_cluster_shop.redis, slot)
    put(used_cluster_shop, 2, 50, CUSTOMERS[30:])
    used_cluster_shop.drain()
    assert used_cluster_shop.redis.get(keys.profile(customer)) is None
    with working(used_cluster_shop) as worker:
        until(lambda: len(worker.owned) == PARTITIONS)
        cluster.kill(0)
        cluster.start(0)
        until(lambda: is_right(used_cluster_shop))


def move_slot(client: Any, slot: int) -> None:
    """Give a slot with its keys to the next primary."""
    nodes = sorted(client.get_primaries(), key=lambda node: node.port)
    owner = client.nodes_manager.get_node_from_slot(slot)
    heir = nodes[(nodes.index(owner) + 1) % len(nodes)]
    ids = {each: client.execute_command("CLUSTER MYID", target_nodes=each).decode() for each in nodes}
    client.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", ids[owner], target_nodes=heir)
    client.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", ids[heir], target_nodes=owner)
    while names := client.execute_command("CLUSTER GETKEYSINSLOT", slot, 100, target_nodes=owner):
        client.execute_command("MIGRATE", heir.host, heir.port, "", 0, 5_000, "KEYS", *names, target_nodes=owner)
    for each in (heir, owner, *nodes):
        client.execute_command("CLUSTER SETSLOT", slot, "NODE", ids[heir], target_nodes=each)


def test_a_witness_that_says_less_has_the_changes_since_published_again(used_cluster_shop: World) -> None:
    witnesses = witnesses_of(used_cluster_shop.redis)
    assert witnesses is not None
    partition = partition_of("c-1")
    cursor = int(used_cluster_shop.redis.get(keys.published_cursor(partition)))
    assert witnesses.begin(partition, cursor) == cursor
    assert witnesses.stand({partition: cursor})
    assert not witnesses.stand({partition: cursor + 1})
    assert witnesses.begin(partition, cursor + 1) == cursor
