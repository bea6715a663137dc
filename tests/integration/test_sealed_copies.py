"""Serving copies of encrypted fields: made while somebody is erased, without keys, and audited where a key is lost."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.encryption.key_file import KeysRefusedError
from engine.encryption.keyring import keyring_of_file
from engine.encryption.sealed_vault import SealedVault
from engine.encryption.vault import OpenVault
from engine.rebuilds.audit import Rounds, reconcile
from engine.storage import keys
from engine.storage.partitions import PARTITIONS, partition_of
from engine.worker.copies import Copies
from engine.worker.event_queue import Queue
from engine.worker.loop import Session
from engine.worker.publish import Publisher, settle
from engine.worker.transaction import Processor
from tests import sealed_world as sealed
from tests.integration.test_erase import erasure_of
from tests.live_world import World
from tests.sealed_world import events, program_of
from tests.servers.postgres import Database
from tests.servers.redis_servers import RedisServer

VISITS = "  visits: {type"
WINDOW = "  visits_2d: {type: integer, from: {event: visit, aggregate: count, within: 2d}}\n"


@pytest.fixture
def world(
    tmp_path: Path,
    wheel_database: Database,
    valkey_empty: RedisServer,
    key_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """Six customers; their copies tell of a window, so sealed events are read for them."""
    assert VISITS in sealed.CATALOGUE
    monkeypatch.setattr(sealed, "CATALOGUE", sealed.CATALOGUE.replace(VISITS, WINDOW + VISITS))
    program = program_of(tmp_path / "windowed")
    redis = valkey_empty.connect()
    world = World(wheel_database.url, redis, program, SealedVault(program.catalogue, keyring_of_file(key_file)))
    world.put(events(range(6)))
    world.drain()
    yield world
    redis.close()


@pytest.mark.parametrize("inside", [False, True])
def test_who_is_erased_between_two_questions_does_not_keep_the_others(
    *, inside: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`inside` of a transaction that somebody else has begun, in which each question has its own moment."""
    opening = world.vault.open_events
    erased: list[bool] = []

    def late(connection: Any, found: Sequence[Any]) -> list[Any]:
        if not erased:
            with world.connect("tests") as other:
                erased.append(erasure_of(world, other).erase("c-1", world.now_ms).done)
        return opening(connection, found)

    monkeypatch.setattr(world.vault, "open_events", late)
    with world.connect("tests") as connection:
        if inside:
            connection.execute("BEGIN")
        found = {each.profile for each in Copies(connection, world.vault).of(["c-1", "c-2"])}
    assert erased
    assert found == ({"c-2"} if inside else {"c-1", "c-2"})


def test_copies_of_what_is_sealed_are_not_written_without_keys(world: World) -> None:
    partition = partition_of("c-1")
    shown = world.redis.get(keys.profile("c-1"))
    with world.connect("tests") as connection:
        seq = Processor(connection, world.vault).touch(["c-1"], "manual", world.now_ms).after[partition]
        with pytest.raises(KeysRefusedError, match="fields that this process knows in plain"):
            settle(connection, world.redis, {partition: seq}, OpenVault())
        assert world.redis.get(keys.profile("c-1")) == shown
        assert settle(connection, world.redis, {partition: seq}, world.vault) == []
    assert "k" in json.loads(world.redis.get(keys.profile("c-1")))


def test_a_copy_that_nobody_can_open_is_written_anew(world: World) -> None:
    packed = json.loads(world.redis.get(keys.profile("c-1")))
    assert packed.pop("k")
    world.redis.set(keys.profile("c-1"), json.dumps(packed))
    with world.connect("tests") as connection:
        assert reconcile(connection, world.redis, world.vault, world.now_ms).copies == 1
        assert reconcile(connection, world.redis, world.vault, world.now_ms).differences == 0
    assert "k" in json.loads(world.redis.get(keys.profile("c-1")))


def test_the_audit_passes_over_who_cannot_be_opened(world: World, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("c-0", "c-2"):
        world.redis.delete(keys.profile(name))
    with world.connect("tests") as connection:
        connection.execute("DELETE FROM profile_key WHERE profile = 'c-1'")
        publisher = Publisher(world.redis, connection, world.vault)
        with closing(publisher):
            for partition in range(PARTITIONS):
                publisher.adopt(partition)
            processor = Processor(connection, world.vault)
            session = Session(connection, processor, publisher, Queue(world.redis), set(range(PARTITIONS)))
            rounds = Rounds(world.redis, every=0, limit=1)
            with caplog.at_level(logging.ERROR, "decisor.audit"):
                for _ in range(8 * 3 * PARTITIONS):
                    rounds(session, world.now_ms)
    assert rounds.found.copies == 2
    assert all(world.redis.get(keys.profile(name)) is not None for name in ("c-0", "c-2"))
    passed = [each.getMessage() for each in caplog.records if each.name == "decisor.audit"]
    assert passed
    assert all("UnsealError at " in each for each in passed)
