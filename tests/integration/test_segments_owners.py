"""Who keeps which sets: the engine leaves what workers keep alone, and workers leave what the engine has made."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis

from engine.encryption.key_file import KeysRefusedError, new_key_set, write_new_key_file
from engine.encryption.sealed_vault import SealedVault
from engine.erasure.erasure import Erasure
from engine.erasure.place import Stores
from engine.index.follower import IndexFollower
from engine.index.names import all_indices
from engine.ir.predicate import Constant
from engine.rebuilds.audit import reconcile
from engine.rebuilds.mover import move_all
from engine.rebuilds.rebuild import Rebuild, Wish
from engine.segments.engine import SegmentationEngine
from engine.segments.owners import SegmentKeptError, engine_sets, note_running, runs
from engine.segments.registry import definition_of
from engine.segments.sets import segments_of
from engine.storage import keys
from engine.storage.partitions import PARTITIONS
from engine.worker.publish import settle
from tests.integration.test_segments_index import Indexed, indexed
from tests.integration.test_segments_rebuild import CUSTOMERS
from tests.live_world import SEGMENTS, World, random_events, workspace_text, written
from tests.sealed_world import events

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

__all__ = ["indexed"]

GERMAN = {"name": "german", "conditions": [{"field": "country", "operator": "in", "value": ["DE"]}]}


def differences(world: World) -> int:
    with world.connect("tests") as connection:
        return reconcile(connection, world.redis, world.vault, world.now_ms).differences


def retire(world: World, name: str) -> None:
    with world.connect("decisor rebuild") as connection:
        Rebuild(connection, world.redis, world.vault, lambda: world.now_ms).run(Wish(retired=[name]))
        move_all(connection, world.redis, world.vault)


def holders(world: World, name: str) -> set[str]:
    """Those whose own sets name a segment."""
    return {each for each in world.oracle.events if name in segments_of(world.redis, each)}


def test_a_segment_that_workers_keep_is_neither_filled_nor_changed(indexed: Indexed) -> None:
    world, engine = indexed.world, indexed.engine(alone=False)
    mine = {"name": "local", "conditions": [{"field": "country", "operator": "missing"}]}
    with pytest.raises(SegmentKeptError, match="decisor segments rebuild local"):
        engine.create_dynamic_segment(mine)
    with pytest.raises(SegmentKeptError, match="decisor segments remove local"):
        engine.remove_customer_from_segment("local", next(iter(world.members("local"))))
    world.check()
    assert differences(world) == 0
    assert set(engine.get_segment_members("local")) == world.members("local")


def test_a_segment_that_begins_to_run_while_the_engine_fills_it_is_left_alone(
    indexed: Indexed, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, engine = indexed.world, indexed.engine()
    export = SegmentationEngine._record_as_ours

    def late(self: SegmentationEngine, name: str, pages: Any) -> Iterator[Any]:
        def run_meanwhile() -> Iterator[Any]:
            yield from pages
            with world.connect("tests") as connection:
                note_running(connection, world.redis)

        return export(self, name, run_meanwhile())

    monkeypatch.setattr(SegmentationEngine, "_record_as_ours", late)
    with pytest.raises(SegmentKeptError, match="started running in the meantime"):
        engine.create_dynamic_segment({**GERMAN, "name": "local"})
    world.check()
    assert world.redis.keys("{segment:*") == []


def test_a_lost_redis_is_told_again_what_runs(live_world_anywhere: World) -> None:
    world = live_world_anywhere
    world.put(random_events(random.Random(1), world.now_ms, CUSTOMERS, 30))
    world.drain()
    for _ in range(2):
        assert {each.decode() for each in world.redis.smembers(keys.RUNNING)} == set(SEGMENTS)
        world.redis.delete(keys.RUNNING)
        assert not runs(world.redis, "local")
        world.drain()


def test_a_rebuild_without_workers_tells_what_runs_and_what_has_ended(live_world: World) -> None:
    world = live_world
    world.put(random_events(random.Random(1), world.now_ms, CUSTOMERS, 30))
    world.drain()
    world.redis.delete(keys.RUNNING)
    world.redis.sadd(keys.MADE, "local", "german")
    with world.connect("decisor rebuild") as connection:
        wish = Wish({"local": definition_of(world.program, "local")})
        Rebuild(connection, world.redis, world.vault, lambda: world.now_ms).run(wish)
    assert runs(world.redis, "local")
    assert engine_sets(world.redis) == {"german"}
    retire(world, "local")
    assert not runs(world.redis, "local")
    with world.connect("decisor rebuild") as connection:
        empty = Wish({"nobody": replace(definition_of(world.program, "local"), predicate=Constant(value=False))})
        Rebuild(connection, world.redis, world.vault, lambda: world.now_ms).run(empty)
    assert runs(world.redis, "nobody")
    retire(world, "nobody")
    assert not runs(world.redis, "nobody")
    assert runs(world.redis, "active")


def test_what_the_engine_has_made_is_left_alone_by_audit_and_restore(indexed: Indexed) -> None:
    world, engine = indexed.world, indexed.engine(alone=False)
    assert engine.create_dynamic_segment(GERMAN) > 0
    german = world.members("german")
    assert holders(world, "german") == german
    assert differences(world) == 0
    for partition in range(PARTITIONS):
        world.redis.delete(keys.published_cursor(partition))
    world.redis.srem(keys.segments_of(next(iter(german))), "local", "elsewhere")
    customer = next(iter(world.oracle.events))
    world.redis.sadd(keys.segments_of(customer), "nobody_made_this")
    world.drain()
    assert holders(world, "german") == world.members("german") == german
    assert not holders(world, "nobody_made_this")
    assert differences(world) == 0
    nobody = {"name": "german", "conditions": [{"field": "country", "operator": "in", "value": ["ZZ"]}]}
    assert engine.create_dynamic_segment(nobody) == 0
    assert not holders(world, "german")
    assert not engine_sets(world.redis)


def test_a_set_that_was_made_before_it_was_noted_reaches_everybody(indexed: Indexed) -> None:
    world, engine = indexed.world, indexed.engine(alone=False)
    engine.create_dynamic_segment(GERMAN)
    world.redis.delete(keys.MADE)
    assert differences(world) == len(world.members("german"))
    engine.create_dynamic_segment(GERMAN)
    assert holders(world, "german") == world.members("german")
    assert differences(world) == 0


def test_an_erasure_reaches_what_the_engine_made_and_what_was_stored(indexed: Indexed) -> None:
    world = indexed.world
    indexed.engine(alone=False).create_dynamic_segment(GERMAN)
    person = next(iter(world.members("german")))
    world.redis.sadd(keys.members("stored_by_hand"), person, "c-none")
    with world.connect("tests") as connection:
        stores = Stores(connection, world.redis, indexed.client, world.vault, "customer_id", indexed.alias)
        erasure = Erasure(stores, lambda upto: settle(connection, world.redis, upto, world.vault))
        assert erasure.erase(person, world.now_ms).done
    world.oracle.forget(person)
    assert person not in world.members("german")
    assert world.members("stored_by_hand") == {"c-none"}
    # A Redis that comes back with what it had before loses it again.
    world.redis.sadd(keys.members("german"), person)
    world.redis.sadd(keys.segments_of(person), "local")
    assert differences(world) > 0
    assert person not in world.members("german")
    assert not world.redis.exists(keys.segments_of(person))
    assert differences(world) == 0


def test_every_method_takes_a_client_that_decodes(indexed: Indexed) -> None:
    world = indexed.world
    pool = world.redis.connection_pool
    options = {**pool.connection_kwargs, "decode_responses": True}
    redis: Any = Redis(connection_pool=type(pool)(connection_class=pool.connection_class, **options))
    engine = SegmentationEngine(indexed.client, redis, world.program, clock=lambda: world.now_ms, alias=indexed.alias)
    engine.create_dynamic_segment(GERMAN)
    count = engine.create_dynamic_segment(GERMAN)  # with a set before it
    found = set(engine.get_segment_members("german"))
    assert len(found) == count
    assert found == world.members("german") == holders(world, "german")
    customer = next(iter(found))
    assert segments_of(redis, customer) == segments_of(world.redis, customer)
    assert engine.remove_customer_from_segment("german", customer)
    assert engine.create_dynamic_segment({**GERMAN, "conditions": [{"field": "orders", "operator": "missing"}]}) == 0
    assert not holders(world, "german")
    with pytest.raises(SegmentKeptError):
        engine.create_dynamic_segment("local")
    redis.close()


def test_the_path_of_a_workspace_will_do(indexed: Indexed, tmp_path: Path) -> None:
    written(tmp_path / "shop", workspace_text())
    wanted = indexed.engine().build_segment_query("local")
    for path in (tmp_path / "shop", str(tmp_path / "shop")):
        assert indexed.engine(path).build_segment_query("local") == wanted


def test_constants_of_encrypted_fields_are_hashed_with_the_key_of_the_environment(
    sealed_world: World, elasticsearch: Elasticsearch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = sealed_world
    assert isinstance(world.vault, SealedVault)
    world.put(events(range(5)))
    world.drain()
    alias = f"t{uuid.uuid4().hex}"
    follower = IndexFollower(
        lambda: world.connect("follower"), elasticsearch, world.program.catalogue, vault=world.vault, alias=alias
    )
    try:
        follower.catch_up()
        world.redis.delete(keys.RUNNING)
        engine = SegmentationEngine(elasticsearch, world.redis, world.program, clock=lambda: world.now_ms, alias=alias)
        for name in ("DECISOR_KEYS", "DECISOR_KEYS_FILE"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(KeysRefusedError, match="DECISOR_KEYS_FILE names a key file"):
            engine.create_dynamic_segment("ada")
        assert world.vault.keyring.file is not None
        monkeypatch.setenv("DECISOR_KEYS_FILE", str(world.vault.keyring.file))
        assert engine.create_dynamic_segment("ada") == len(world.oracle.members("ada", world.now_ms)) > 0
        write_new_key_file(tmp_path / "two.json", new_key_set().with_new_hash())
        monkeypatch.setenv("DECISOR_KEYS_FILE", str(tmp_path / "two.json"))
        with pytest.raises(KeysRefusedError, match="several hash keys"):
            engine.create_dynamic_segment("ada")
    finally:
        follower.close()
        for each in all_indices(elasticsearch, alias):
            elasticsearch.indices.delete(index=each.name)
