"""Segments from the search index: by rebuilds beside workers, and by the engine without workers and PostgreSQL."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.api import LoadedWorkspace, build_bundle
from engine.compiler.single import DefinitionRefusedError
from engine.index.follower import IndexFollower
from engine.index.names import IndexRefusedError, OtherMappingError, all_indices
from engine.rebuilds.index_source import IndexSource
from engine.rebuilds.mover import move_all
from engine.rebuilds.rebuild import Rebuild, Rebuilt, Wish
from engine.segments.engine import InexactSegmentError, SegmentationEngine
from engine.segments.owners import SegmentKeptError
from engine.segments.registry import definition_of, put_catalogue
from engine.segments.sets import segments_of
from engine.storage import keys
from tests.integration.test_segments_rebuild import CUSTOMERS, filled, redefined
from tests.live_world import DAY, SEGMENTS, World, random_events, workspace_text, written

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

BEHAVIOUR = {"frequent", "few", "quiet", "funnel", "mixed"}


@dataclass
class Indexed:
    """The shop and its index."""

    world: World
    client: Elasticsearch
    alias: str
    follower: IndexFollower

    def follow(self) -> None:
        """Let the index come as far as PostgreSQL is."""
        self.follower.catch_up()

    def rebuild(self, *names: str, demanded: bool = True, patience: float = 1.0) -> dict[str, Rebuilt]:
        """Rebuild from the index."""
        world = self.world
        with world.connect("decisor rebuild") as connection:
            source = IndexSource(self.client, self.alias, demanded=demanded, patience=patience)
            run = Rebuild(connection, world.redis, world.vault, lambda: world.now_ms, source)
            found = run.run(Wish({name: definition_of(world.program, name) for name in names}))
            move_all(connection, world.redis, world.vault)
        return {each.name: each for each in found}

    def engine(self, source: Any = None, *, alone: bool = True) -> SegmentationEngine:
        """The engine without PostgreSQL, at the world's time; `alone`, as if no worker kept any segment."""
        world = self.world
        if alone:
            world.redis.delete(keys.RUNNING)
        return SegmentationEngine(
            self.client, world.redis, source or world.program, clock=lambda: world.now_ms, alias=self.alias
        )


@pytest.fixture
def indexed(live_world: World, elasticsearch: Elasticsearch) -> Iterator[Indexed]:
    """The shop with some history, and its index under an alias of its own."""
    world = filled(live_world)
    alias = f"t{uuid.uuid4().hex}"
    follower = IndexFollower(
        lambda: world.connect("follower"), elasticsearch, world.program.catalogue, vault=world.vault, alias=alias
    )
    found = Indexed(world, elasticsearch, alias, follower)
    found.follow()
    yield found
    follower.close()
    for each in all_indices(elasticsearch, alias):
        elasticsearch.indices.delete(index=each.name)


def test_a_rebuild_from_the_index_changes_nothing_where_nothing_has_changed(indexed: Indexed) -> None:
    before = indexed.world.transitions()
    found = indexed.rebuild(*SEGMENTS)
    assert {each.source for each in found.values()} == {"elasticsearch"}
    assert indexed.world.transitions() == before
    indexed.world.check()


def test_other_definitions_come_from_the_index_and_flip_on_time(indexed: Indexed) -> None:
    world = indexed.world
    redefined(world, active="elsewhere", local="trial_over", spenders="frequent", tagged="busy")
    indexed.rebuild("active", "local", "spenders", "tagged")
    world.check()
    world.check_transitions()
    for _ in range(8):
        world.pass_time(DAY // 2)
        world.check()
    world.check_transitions()


def test_profiles_that_time_has_moved_are_looked_at_one_by_one(indexed: Indexed) -> None:
    world = indexed.world
    world.now_ms += 4 * DAY  # and no worker has come since
    names = ["busy", "big_week", "small_week", "active", "mixed"]
    indexed.rebuild(*names)
    for name in names:
        assert world.members(name) == world.oracle.members(name, world.now_ms)
    world.drain()
    world.check()
    world.check_transitions()


def test_an_index_that_lags_is_not_asked(indexed: Indexed) -> None:
    world = indexed.world
    world.put(random_events(random.Random(4), world.now_ms, CUSTOMERS, 50))
    world.drain()
    with pytest.raises(IndexRefusedError, match=r"has not caught up within 0 s.*--from postgres"):
        indexed.rebuild("local", patience=0.1)
    found = indexed.rebuild("local", demanded=False, patience=0.1)
    assert found["local"].source.startswith("postgres, as the index")
    world.check()
    indexed.follow()
    assert indexed.rebuild("local", demanded=False)["local"].source == "elasticsearch"
    world.check()


def test_an_index_of_another_catalogue_is_not_asked(indexed: Indexed) -> None:
    catalogue = indexed.world.program.catalogue
    indexed.world.program = replace(indexed.world.program, catalogue=replace(catalogue, fields=catalogue.fields[1:]))
    with pytest.raises(OtherMappingError, match="decisor index rebuild"):
        indexed.engine().create_dynamic_segment("tagged")


def test_a_catalogue_that_was_another_one_meanwhile_is_not_taken_for_the_one_that_made_every_profile(
    indexed: Indexed,
) -> None:
    world = indexed.world
    catalogue = world.program.catalogue
    indexed.rebuild("local")
    fewer = replace(catalogue, events=tuple(each for each in catalogue.events if each.name != "visit"))
    with world.connect("tests") as connection:
        put_catalogue(connection, fewer)
        world.drain()
        put_catalogue(connection, catalogue)
    with pytest.raises(IndexRefusedError, match="folded with an earlier catalogue"):
        indexed.rebuild("local")
    world.drain()
    indexed.follow()
    assert indexed.rebuild("local")["local"].source == "elasticsearch"
    world.check()


def test_the_engine_fills_and_empties_segments(indexed: Indexed) -> None:
    world = indexed.world
    engine = indexed.engine()
    world.redis.flushall()
    for name in set(SEGMENTS) - BEHAVIOUR:
        wanted = world.oracle.members(name, world.now_ms)
        assert engine.create_dynamic_segment(name) == len(wanted)
        assert set(engine.get_segment_members(name)) == wanted
    for customer in world.oracle.events:
        wanted = {name for name in set(SEGMENTS) - BEHAVIOUR if world.oracle.holds(name, customer, world.now_ms)}
        assert set(segments_of(world.redis, customer)) == wanted


def test_a_definition_of_the_moment_replaces_the_one_before(indexed: Indexed) -> None:
    world = indexed.world
    engine = indexed.engine()
    german = {"name": "local", "conditions": [{"field": "country", "operator": "in", "value": ["DE"]}]}
    both = (
        "apiVersion: v1\nkind: Segment\nname: local\nconditions:\n  - {field: country, operator: in, value: [DE, US]}\n"
    )
    everybody = engine.create_dynamic_segment(both)
    count = engine.create_dynamic_segment(german)
    assert 0 < count < everybody
    members = set(engine.get_segment_members("local"))
    assert members == {
        each for each in world.oracle.events if world.oracle.profile(each, world.now_ms).get("country") == "DE"
    }
    for customer in world.oracle.events:
        assert ("local" in segments_of(world.redis, customer)) is (customer in members)
    nobody = {"name": "local", "conditions": [{"field": "country", "operator": "in", "value": ["ZZ"]}]}
    assert engine.create_dynamic_segment(nobody) == 0
    assert not world.redis.exists(keys.members("local"))
    assert not any("local" in segments_of(world.redis, customer) for customer in world.oracle.events)
    assert world.redis.keys("{segment:*") == []


def test_a_customer_is_taken_out(indexed: Indexed) -> None:
    engine = indexed.engine()
    engine.create_dynamic_segment("local")
    customer = next(engine.get_segment_members("local"))
    assert engine.remove_customer_from_segment("local", customer)
    assert not engine.remove_customer_from_segment("local", customer)
    assert customer not in set(engine.get_segment_members("local"))
    assert "local" not in segments_of(indexed.world.redis, customer)


def test_a_query_is_bound_to_now(indexed: Indexed) -> None:
    query = indexed.engine().build_segment_query("active")
    assert query == {
        "query": {
            "bool": {
                "filter": [
                    {"range": {"last_at": {"gte": "2026-02-24T00:00:00.000Z", "lte": "2026-03-01T00:00:00.000Z"}}}
                ]
            }
        }
    }
    counted = indexed.client.count(index=indexed.alias, **query)["count"]
    assert counted == len(indexed.world.members("active"))


def test_what_cannot_be_answered_is_refused_with_what_to_do(indexed: Indexed) -> None:
    engine = indexed.engine()
    with pytest.raises(InexactSegmentError, match="decisor segments rebuild frequent"):
        engine.create_dynamic_segment("frequent")
    with pytest.raises(KeyError, match="did you mean `local`"):
        engine.create_dynamic_segment("locale")
    with pytest.raises(DefinitionRefusedError, match="`contry` is not a field"):
        engine.create_dynamic_segment({"name": "x", "conditions": [{"field": "contry", "operator": "exists"}]})
    with pytest.raises(IndexRefusedError, match="no index"):
        SegmentationEngine(
            indexed.client, indexed.world.redis, indexed.world.program, alias=f"t{uuid.uuid4().hex}"
        ).create_dynamic_segment("local")


def test_the_engine_runs_a_workspace_and_a_bundle(indexed: Indexed, tmp_path: Path) -> None:
    workspace: LoadedWorkspace = written(tmp_path / "shop", workspace_text())
    count = indexed.engine(workspace).create_dynamic_segment("local")
    bundle = tmp_path / "shop.bundle"
    bundle.write_bytes(build_bundle(workspace))
    assert indexed.engine(bundle).create_dynamic_segment("segment/local") == count


def test_two_engines_that_create_the_same_segment_at_once_do_it_one_after_the_other(
    indexed: Indexed, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = indexed.world
    follow = SegmentationEngine._follow

    def slowly(*given: Any, **options: Any) -> None:
        time.sleep(0.05)  # so that the other one would come between
        follow(*given, **options)

    monkeypatch.setattr(SegmentationEngine, "_follow", slowly)
    known = {"field": "country", "operator": "exists"}
    everybody = {"name": "chosen_now", "conditions": [{"any": [known, {"not": known}]}]}
    some = [
        {"name": "chosen_now", "conditions": [{"field": "country", "operator": "in", "value": [country]}]}
        for country in ("DE", "US")
    ]
    for _ in range(3):
        everyone = indexed.engine().create_dynamic_segment(everybody)
        threads = [threading.Thread(target=indexed.engine().create_dynamic_segment, args=(each,)) for each in some]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        members = world.members("chosen_now")
        assert 0 < len(members) < everyone
        assert {each for each in world.oracle.events if "chosen_now" in segments_of(world.redis, each)} == members
        assert list(world.redis.keys("{segment:chosen_now}*")) == []


def test_an_engine_and_a_rebuild_of_the_same_segment_do_not_disturb_each_other(indexed: Indexed) -> None:
    world = indexed.world

    def create() -> None:
        for _ in range(10):
            with suppress(SegmentKeptError):
                indexed.engine().create_dynamic_segment("local")

    thread = threading.Thread(target=create)
    thread.start()
    while thread.is_alive():
        indexed.rebuild("local")
    thread.join()
    world.check()
    assert list(world.redis.keys("{segment:local}*")) == []
