"""Customers with long histories are read in batches that their events bound, wherever histories are read."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from engine.encryption.sealed_vault import SealedVault
from engine.profiles import event_store
from engine.rebuilds import population
from engine.rebuilds.audit import reconcile
from engine.rotation import data_rotation
from engine.rotation.data_rotation import rotate_data
from engine.storage import batches, keys
from engine.worker import load
from tests.integration.test_segments_rebuild import CUSTOMERS, filled, rebuild, redefined
from tests.live_world import DAY, World, random_events
from tests.sealed_world import events

MOST = 30


class Reads:
    """How many events and customers each reading of histories gave."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []

    def watch(self, read: Callable[..., Iterable[Any]]) -> Callable[..., Iterable[Any]]:
        def watched(connection: Any, profiles: Sequence[str], *rest: Any, **options: Any) -> Iterable[Any]:
            found = list(read(connection, profiles, *rest, **options))
            self.sizes.append((len(found), len(profiles)))
            return found

        return watched

    def check(self) -> None:
        """More than one customer was read together only where they have few events, and it was worth it."""
        assert self.sizes
        assert all(count <= MOST or profiles == 1 for count, profiles in self.sizes), self.sizes
        assert any(profiles > 1 for _, profiles in self.sizes)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    found = Reads()
    monkeypatch.setattr(batches, "EVENTS", MOST)
    watched = found.watch(event_store.read_events)
    for module in (population, load):
        monkeypatch.setattr(module, "read_events", watched)
    return found


def with_long_ones(world: World) -> World:
    """The world with customers of few events, and one with more than are ever read together."""
    filled(world)
    world.put(random_events(random.Random(3), world.now_ms, ["c-7"], 3 * MOST))
    world.drain()
    assert max(len(each) for each in world.oracle.events.values()) > MOST
    return world


def test_a_rebuild_reads_few_events_at_once(live_world: World, reads: Reads) -> None:
    world = with_long_ones(live_world)
    redefined(world, active="frequent", local="funnel", busy="few")
    world.now_ms += 3 * DAY
    reads.sizes.clear()
    rebuild(world, "active", "local", "busy")
    reads.check()
    for name in ("active", "local", "busy"):
        assert world.members(name) == world.oracle.members(name, world.now_ms)


def test_an_audit_reads_few_events_at_once(live_world: World, reads: Reads) -> None:
    world = with_long_ones(live_world)
    world.redis.srem(keys.members("local"), *world.members("local"))
    reads.sizes.clear()
    with world.connect("tests") as connection:
        reconcile(connection, world.redis, world.vault, world.now_ms)
    reads.check()
    world.check()


def test_a_worker_takes_fewer_customers_where_their_histories_are_long(
    live_world: World, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = with_long_ones(live_world)
    monkeypatch.setattr(load, "EVENTS", MOST)
    reads.sizes.clear()
    world.put(random_events(random.Random(5), world.now_ms, CUSTOMERS, 100))
    world.drain()
    with world.connect("tests") as connection:
        assert not connection.execute("SELECT FROM dead_letter WHERE code = 'failed'").rowcount
    reads.check()
    world.check()
    reads.sizes.clear()
    world.pass_time(3 * DAY)  # and time moves them
    reads.check()
    world.check()
    world.check_transitions()


def test_a_rotation_of_data_keys_reads_few_events_at_once(sealed_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = sealed_world
    for turn in range(8):
        world.put(events(range(3 if turn else 12), turn=f"-{turn}"))
    world.drain()
    monkeypatch.setattr(batches, "EVENTS", MOST)
    sizes: list[Counter[str]] = []
    opened = SealedVault.open_events

    def watched(vault: SealedVault, connection: Any, rows: Sequence[tuple[str, Any]]) -> list[Any]:
        sizes.append(Counter(profile for profile, _ in rows))
        return opened(vault, connection, rows)

    monkeypatch.setattr(SealedVault, "open_events", watched)
    assert isinstance(world.vault, SealedVault)
    with world.connect("tests") as connection:
        assert rotate_data(connection, world.vault, "data:test", batch=data_rotation.BATCH) == 12
    assert all(each.total() <= MOST or len(each) == 1 for each in sizes)
    monkeypatch.undo()
    world.drain()
    world.check()
