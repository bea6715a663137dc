"""While the key of equality search is changed: rebuilds, the engine, the audit and the command."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.cli.app import main
from engine.encryption.in_use import HASH, HashKeys, hash_keys_in_use, put_in_force
from engine.encryption.key_file import KeySet, read_key_file, replace_key_file
from engine.encryption.keyring import keyring_of_file
from engine.encryption.sealed_vault import SealedVault
from engine.index.audit import IndexAudit
from engine.index.comparing import Comparison
from engine.index.follower import IndexFollower
from engine.index.names import ProfileIndex, all_indices, index_of
from engine.rebuilds.index_source import IndexSource
from engine.rebuilds.rebuild import Rebuild, Wish
from engine.rotation.rotation import hash_step_done, rotate_hash, wait_for_followers
from engine.segments.engine import SegmentationEngine
from engine.segments.registry import definition_of
from engine.storage.partitions import owners
from tests.integration.test_encryption import sealed
from tests.live_world import World
from tests.sealed_world import events
from tests.servers.redis_servers import RedisServer
from tests.waiting import until

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


FOLLOWER = b"INSERT INTO follower (name, partition, seq) SELECT 'index:x', n, 0 FROM generate_series(0, 15) AS n"


@pytest.fixture
def searched(sealed_world: World, elasticsearch: Elasticsearch) -> Iterator[World]:
    """Twelve customers with values in encrypted fields, also in an index."""
    world = sealed_world
    world.elasticsearch = elasticsearch
    world.put(events(range(12)))
    world.drain()
    yield world
    for each in all_indices(elasticsearch, world.alias):
        elasticsearch.indices.delete(index=each.name)


def follower_of(world: World) -> IndexFollower:
    return IndexFollower(
        lambda: world.connect("follower"),
        world.elasticsearch,
        world.program.catalogue,
        vault=world.vault,
        alias=world.alias,
    )


def step(world: World, key_file: Path) -> str:
    """One stage of the change, followed by the index; the stage that was ended."""
    follower = follower_of(world)
    with world.connect("rotate") as connection:
        now = rotate_hash(connection, keyring_of_file(key_file))
        follower.catch_up()
        assert wait_for_followers(connection, 60) == []
        hash_step_done(connection, now)
    follower.close()
    return now.stage


def change(world: World, key_file: Path) -> None:
    """The whole change, as one process with a worker would do it."""
    while step(world, key_file) != "dropping":
        pass
    follower = follower_of(world)
    follower.catch_up()
    follower.close()


def rebuilt(world: World, source: IndexSource) -> None:
    definitions = {name: definition_of(world.program, name) for name in ("ada", "known")}
    with world.connect("decisor rebuild") as connection:
        found = Rebuild(connection, world.redis, world.vault, lambda: world.now_ms, source).run(Wish(definitions))
    assert {each.source for each in found} == {"elasticsearch"}
    assert world.members("ada") == {"c-0"}
    assert world.members("known") == {f"c-{number}" for number in range(12)}


def test_a_rebuild_that_began_before_the_change_asks_by_the_new_hashes(searched: World, key_file: Path) -> None:
    world = searched
    with world.connect("hashing") as connection:
        source = IndexSource(world.elasticsearch, world.alias, sealed(world).hasher(connection), demanded=True)
        change(world, key_file)
        rebuilt(world, source)


def late(client: Any, monkeypatch: pytest.MonkeyPatch, meddle: Callable[[], None]) -> list[int]:
    """Let something happen just before the index's view is opened for the first time; how often it is opened."""
    opening = client.open_point_in_time
    opened: list[int] = []

    def open_point_in_time(**options: Any) -> Any:
        opened.append(1)
        if len(opened) == 1:
            meddle()
        return opening(**options)

    monkeypatch.setattr(client, "open_point_in_time", open_point_in_time)
    return opened


def test_a_rebuild_whose_query_was_hashed_just_before_the_change_asks_anew(
    searched: World, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = searched
    with world.connect("hashing") as connection:
        source = IndexSource(world.elasticsearch, world.alias, sealed(world).hasher(connection), demanded=True)
        opened = late(world.elasticsearch, monkeypatch, lambda: change(world, key_file))
        rebuilt(world, source)
    assert len(opened) == 3, "of `ada` twice"


@pytest.mark.parametrize("stages", [1, 2])
def test_a_rebuild_asks_rightly_at_every_stage_of_the_change(stages: int, searched: World, key_file: Path) -> None:
    world = searched
    for _ in range(stages):
        step(world, key_file)
    with world.connect("hashing") as connection:
        source = IndexSource(world.elasticsearch, world.alias, sealed(world).hasher(connection), demanded=True)
        rebuilt(world, source)


def test_the_engine_asks_anew_where_the_key_changes_while_it_opens_its_view(
    searched: World, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = searched
    with world.connect("hashing") as connection:
        hasher = sealed(world).hasher(connection)
        engine = SegmentationEngine(
            world.elasticsearch,
            world.redis,
            world.program,
            alias=world.alias,
            hasher=hasher,
            clock=lambda: world.now_ms,
        )
        late(world.elasticsearch, monkeypatch, lambda: change(world, key_file))
        own = {"name": "own", "conditions": [{"field": "email", "operator": "equals", "value": "ada-3@plain.example"}]}
        assert engine.create_dynamic_segment(own) == 1
        assert set(engine.get_segment_members("own")) == {"c-3"}


def index_of_world(world: World) -> ProfileIndex:
    found = index_of(world.elasticsearch, world.alias)
    assert found is not None
    return found


def differing(world: World) -> list[str]:
    """Whom the audit of the index would repair."""
    names = sorted(world.oracle.events)
    audit = IndexAudit(world.elasticsearch, world.program.catalogue, world.vault, world.alias)
    with world.connect("audit") as connection:
        found = audit.compare(connection, 0, names)
        told = Comparison(world.elasticsearch, world.program.catalogue, world.vault).some(
            connection, index_of_world(world), names
        )
        assert sorted(told.found) == sorted(found)
    return found


def test_the_audit_finds_no_difference_in_what_a_change_of_hash_keys_has_still_to_do(
    searched: World, key_file: Path
) -> None:
    world = searched
    assert differing(world) == []
    with world.connect("rotate") as connection:
        now = hash_keys_in_use(connection, keyring_of_file(key_file))
        keys = read_key_file(key_file).with_new_hash()
        key_file.write_text(keys.text(), encoding="utf-8")
        put_in_force(connection, HASH, HashKeys(now.searched, (keys.hash[1].id,), "writing").text())
        assert differing(world) == [], "no profile has been told of"
    assert step(world, key_file) == "writing"
    assert differing(world) == [], "queries have changed, and nothing else"
    assert step(world, key_file) == "retiring"
    assert differing(world) == [], "no profile has been told that the old hashes go"
    assert step(world, key_file) == "dropping"
    assert differing(world) == []


def test_the_audit_still_finds_what_is_wrong_while_hash_keys_are_changed(searched: World, key_file: Path) -> None:
    world = searched
    index = index_of_world(world)

    def spoil(profile: str, hashes: list[str]) -> None:
        script = {"email": {"present": True, "cipher": ["AAAA"], "hash": hashes}}
        world.elasticsearch.update(index=index.name, id=profile, doc=script)

    step(world, key_file)
    spoil("c-1", [])
    assert differing(world) == ["c-1"], "while both hashes must be there"
    with world.connect("rotate") as connection:
        now = hash_keys_in_use(connection, keyring_of_file(key_file))
        hash_step_done(connection, now)
    spoil("c-2", ["0" * 64])
    assert differing(world) == ["c-1", "c-2"], "while the old hashes go"


def test_the_command_says_at_once_that_nobody_brings_the_index_forward(
    command_world: World, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with command_world.connect("tests") as connection:
        connection.execute(
            "INSERT INTO follower (name, partition, seq) SELECT 'index:x', n, 0 FROM generate_series(0, 15) AS n"
        )
    began = time.monotonic()
    assert main(["keys", "rotate", "--hash", "--wait", "600"]) == 1
    assert time.monotonic() - began < 300
    out = capsys.readouterr().out
    assert "index:x has" in out
    assert "no worker is running" in out
    assert len(read_key_file(key_file).hash) == 2


def test_the_command_says_what_it_waits_for_while_a_worker_runs(
    command_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """The worker knows no Elasticsearch, so the index does not come forward."""
    world = command_world
    with world.connect("tests") as connection:
        connection.execute(
            "INSERT INTO follower (name, partition, seq) SELECT 'index:x', n, 0 FROM generate_series(0, 15) AS n"
        )
    worker = world.worker()
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        until(lambda: bool(worker.owned))
        assert main(["keys", "rotate", "--hash", "--wait", "1"]) == 1
    finally:
        worker.stop()
        thread.join()
    out = capsys.readouterr().out
    assert "waiting: index:x has" in out
    assert "run this again" in out
    assert "no worker" not in out


def test_the_hasher_asks_which_key_is_searched_each_time(sealed_world: World, key_file: Path) -> None:
    world = sealed_world
    vault = SealedVault(world.program.catalogue, keyring_of_file(key_file))
    with world.connect("hashing") as connection:
        hasher = vault.hasher(connection)
        before = hasher("email", "ada")
        assert hasher("email", "ada") == before
        keys = read_key_file(key_file).with_new_hash()
        key_file.write_text(keys.text(), encoding="utf-8")
        put_in_force(connection, HASH, HashKeys(keys.hash[1].id, (keys.hash[0].id,), "retiring").text())
        assert hasher("email", "ada") != before


def test_the_whole_change_beside_a_worker_leaves_nothing_to_repair_and_nobody_out(
    searched: World,
    valkey: RedisServer,
    key_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = searched
    monkeypatch.chdir(key_file.parent)
    for name, value in {"POSTGRES_URL": world.postgres, "REDIS_URL": valkey.url, "KEYS_FILE": str(key_file)}.items():
        monkeypatch.setenv(f"DECISOR_{name}", value)
    process = world.process()
    thread = threading.Thread(target=process.run)
    thread.start()
    try:
        with world.connect("tests") as connection:
            until(lambda: owners(connection))
        assert main(["keys", "rotate", "--hash"]) == 0
    finally:
        process.stop()
        thread.join()
    assert "queries use h-" in capsys.readouterr().out
    assert "repaired" not in caplog.text
    keys = read_key_file(key_file)
    replace_key_file(key_file, KeySet(keys.master, keys.hash[1:]))
    world.vault = SealedVault(world.program.catalogue, keyring_of_file(key_file))
    with world.connect("hashing") as connection:
        rebuilt(world, IndexSource(world.elasticsearch, world.alias, sealed(world).hasher(connection), demanded=True))
