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
from engine.profiles.serving import ProfileReader
from engine.rebuilds.audit import reconcile
from engine.rebuilds.audit_stage import Rounds
from engine.storage import keys
from engine.storage.partitions import PARTITIONS, partition_of
from engine.worker.copies import Copies
from engine.worker.publish import Publisher, settle
from engine.worker.transaction import Processor
from tests import sealed_world as sealed
from tests.integration.test_erase import erasure_of
from tests.live_world import DAY, World
from tests.sealed_world import events, program_of
from tests.servers.postgres import Database
from tests.servers.redis_servers import RedisServer

VISITS = "  visits: {type"
WINDOW = "  visits_2d: {type: integer, from: {event: visit, aggregate: count, within: 2d}}\n"


@pytest.fixture
def copied_shop(
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
    *, inside: bool, copied_shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`inside` of a transaction that somebody else has begun, in which each question has its own moment."""
    opening = copied_shop.vault.open_events
    erased: list[bool] = []

    def late(connection: Any, found: Sequence[Any]) -> list[Any]:
        if not erased:
            with copied_shop.connect("tests") as other:
                erased.append(erasure_of(copied_shop, other).erase("c-1", copied_shop.now_ms).done)
        return opening(connection, found)

    monkeypatch.setattr(copied_shop.vault, "open_events", late)
    with copied_shop.connect("tests") as connection:
        if inside:
            connection.execute("BEGIN")
        found = {each.profile for each in Copies(connection, copied_shop.vault).of(["c-1", "c-2"])}
    assert erased
    assert found == ({"c-2"} if inside else {"c-1", "c-2"})


def test_copies_of_what_is_sealed_are_not_written_without_keys(copied_shop: World) -> None:
    partition = partition_of("c-1")
    shown = copied_shop.redis.get(keys.profile("c-1"))
    with copied_shop.connect("tests") as connection:
        seq = Processor(connection, copied_shop.vault).touch(["c-1"], "manual", copied_shop.now_ms).after[partition]
        with pytest.raises(KeysRefusedError, match="fields that this process treats as plain text"):
            settle(connection, copied_shop.redis, {partition: seq}, OpenVault())
        assert copied_shop.redis.get(keys.profile("c-1")) == shown
        assert settle(connection, copied_shop.redis, {partition: seq}, copied_shop.vault) == []
    assert "k" in json.loads(copied_shop.redis.get(keys.profile("c-1")))


def test_a_copy_that_nobody_can_open_is_written_anew(copied_shop: World) -> None:
    packed = json.loads(copied_shop.redis.get(keys.profile("c-1")))
    assert packed.pop("k")
    copied_shop.redis.set(keys.profile("c-1"), json.dumps(packed))
    with copied_shop.connect("tests") as connection:
        assert reconcile(connection, copied_shop.redis, copied_shop.vault, copied_shop.now_ms).copies == 1
        assert reconcile(connection, copied_shop.redis, copied_shop.vault, copied_shop.now_ms).differences == 0
    assert "k" in json.loads(copied_shop.redis.get(keys.profile("c-1")))


def test_the_audit_passes_over_who_cannot_be_opened(copied_shop: World, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("c-0", "c-2"):
        copied_shop.redis.delete(keys.profile(name))
    with copied_shop.connect("tests") as connection:
        connection.execute("DELETE FROM profile_key WHERE profile = 'c-1'")
        publisher = Publisher(copied_shop.redis, connection, copied_shop.vault)
        with closing(publisher):
            for partition in range(PARTITIONS):
                publisher.adopt(partition)
            processor = Processor(connection, copied_shop.vault)
            rounds = Rounds(copied_shop.redis, limit=1)
            with caplog.at_level(logging.ERROR, "decisor.audit"):
                for _ in range(8 * 3 * PARTITIONS):
                    rounds.step(processor, range(PARTITIONS), copied_shop.now_ms, publisher.publish)
    assert rounds.found.copies == 2
    assert all(copied_shop.redis.get(keys.profile(name)) is not None for name in ("c-0", "c-2"))
    passed = [each.getMessage() for each in caplog.records if each.name == "decisor.audit"]
    assert passed
    assert all("UnsealError at " in each for each in passed)


@pytest.mark.parametrize("restored", [False, True])
def test_a_copy_says_up_to_when_it_is_exact_where_an_encrypted_window_slides(
    *, restored: bool, copied_shop: World
) -> None:
    world = copied_shop
    if restored:
        world.redis.flushall()
        world.drain()
    assert isinstance(world.vault, SealedVault)
    reader = ProfileReader(world.redis, world.vault.open_served)
    behind = 0
    for at_ms in range(world.now_ms, world.now_ms + 3 * DAY, DAY // 8):
        for customer in world.oracle.events:
            served = reader.read(customer, at_ms)
            exact_ms = at_ms if served.as_of_ms is None else served.as_of_ms
            assert served.profile == world.oracle.profile(customer, exact_ms)
            behind += served.as_of_ms is not None
    assert behind
    world.pass_time(3 * DAY)
    assert all(each.as_of_ms is None for each in reader.read_many(sorted(world.oracle.events), world.now_ms))
