"""A running worker keeps nothing in memory of somebody who was erased."""

from __future__ import annotations

import threading

from psycopg import Connection

from engine.encryption.sealed_vault import SealedVault
from engine.profiles.suppression import Suppressed
from engine.storage.partitions import PARTITIONS, partition_of
from engine.worker.loop import Clock, Worker
from engine.worker.transaction import Processor
from tests.integration.test_erase import erasure_of
from tests.live_world import World
from tests.sealed_world import events
from tests.waiting import until


def test_states_and_keys_of_the_erased_go(sealed_world: World) -> None:
    world = sealed_world
    processors: list[Processor] = []

    def opened(connection: Connection) -> Processor:
        processors.append(Processor(connection, world.vault, suppressed=Suppressed()))
        return processors[-1]

    worker = Worker(world.redis, world.connect, opened, clock=Clock(world.now_ms))
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        world.put(events(range(4)))
        until(lambda: worker.tally.kept == 12)
        (processor,) = processors
        assert isinstance(world.vault, SealedVault)
        keys = world.vault.data_keys._cache
        assert "c-1" in processor._cache.profiles()
        assert "c-1" in keys
        with world.connect("tests") as connection:
            assert erasure_of(world, connection).erase("c-1", world.now_ms).done
        world.oracle.forget("c-1")
        until(lambda: "c-1" not in processor._cache.profiles() and "c-1" not in keys)
        assert {"c-0", "c-2", "c-3"} <= set(processor._cache.profiles())
    finally:
        worker.stop()
        thread.join()
    world.drain()
    world.check()


def test_a_partition_that_is_given_up_leaves_nothing(sealed_world: World) -> None:
    world = sealed_world
    world.put(events(range(20)))
    world.drain()
    with world.connect("tests") as connection:
        processor = Processor(connection, world.vault, suppressed=Suppressed())
        processor.touch([f"c-{number}" for number in range(20)], "manual", world.now_ms)
        kept = set(processor._cache.profiles())
        assert len(kept) == 20
        processor.abandon(partition_of("c-0"))
        assert set(processor._cache.profiles()) == {each for each in kept if partition_of(each) != partition_of("c-0")}
        for partition in range(PARTITIONS):
            processor.abandon(partition)
        assert processor._cache.profiles() == []
