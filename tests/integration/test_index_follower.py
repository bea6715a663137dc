"""The index follows the outbox, whatever happens to it, on real servers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from engine.index import cursors, outages
from engine.index.bulk import GONE, Bulk, IndexUnavailableError, Write
from engine.index.documents import Documents, Writer
from engine.index.follower import IndexFollower, wait_until
from engine.index.making import tidy
from engine.index.names import (
    IndexRefusedError,
    OtherMappingError,
    create_index,
    hash_of,
    index_of,
    refuse_other_mapping,
)
from engine.ir.types import Catalogue, Field
from engine.storage.partitions import partition_of
from tests.index_world import CATALOGUE, IndexWorld, following, index_world, limiting_proxy
from tests.servers.postgres import Database

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


@pytest.fixture
def world(postgres_database: Database, elasticsearch: Elasticsearch) -> Iterator[IndexWorld]:
    with index_world(postgres_database, elasticsearch) as made:
        yield made


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_the_live_index_is_made_on_first_use_and_filled_with_what_was_there(world: IndexWorld) -> None:
    world.put({"c-1": {"orders": 1}}, told=False)
    world.put({"c-2": {"birthday": "1990-02-28"}})
    live = world.follower().catch_up()
    assert live.name == f"{world.alias}-{hash_of(CATALOGUE).removeprefix('sha256:')[:12]}-1"
    assert world.shown() == {
        "c-1": {"customer_id": "c-1", "orders": 1},
        "c-2": {"customer_id": "c-2", "birthday": {"date": "1990-02-28", "month_day": "02-28"}},
    }
    mapping = world.client.indices.get_mapping(index=live.name)[live.name]["mappings"]
    assert mapping["_meta"]["mapping_hash"] == hash_of(CATALOGUE) == live.mapping_hash


def test_changes_reach_the_index_with_the_profiles_version(world: IndexWorld) -> None:
    follower = world.follower()
    follower.catch_up()
    for orders in range(5):
        world.put({"c-1": {"orders": orders}, "c-2": {"orders": -orders}})
    live = follower.catch_up()
    assert world.shown()["c-1"] == {"customer_id": "c-1", "orders": 4}
    assert world.client.get(index=live.name, id="c-1")["_version"] == 5
    with world.connect() as connection:
        assert cursors.caught_up(connection, live, cursors.heads(connection))
        assert wait_until(connection, world.client, cursors.heads(connection), 1.0, world.alias) == live


def test_only_the_partitions_asked_for_are_followed(world: IndexWorld) -> None:
    follower = world.follower()
    follower.catch_up()
    world.put({f"c-{number}": {"orders": number} for number in range(50)})
    mine = [0, 1, 2, 3]
    while follower.step(mine):
        pass
    assert set(world.shown()) == {key for key in world.kept() if partition_of(key) in mine}
    with world.connect() as connection, pytest.raises(IndexRefusedError, match="still behind"):
        wait_until(connection, world.client, cursors.heads(connection), 0.1, world.alias)


def test_erased_profiles_are_deleted_and_late_copies_do_not_come_back(world: IndexWorld) -> None:
    follower = world.follower()
    world.put({"c-1": {"orders": 1}, "c-2": {"orders": 2}})
    live = follower.catch_up()
    world.put({"c-1": None})
    follower.catch_up()
    assert set(world.shown()) == {"c-2"}
    late = Write(live, "c-1", 7, b'{"customer_id":"c-1","orders":1}')
    with pytest.raises(IndexUnavailableError, match="remembers"):
        Bulk(world.client).send([late])
    assert set(world.shown()) == {"c-2"}


def test_whoever_was_erased_and_is_there_again_is_indexed_once_the_server_has_forgotten_the_deletion(
    world: IndexWorld,
) -> None:
    follower = world.follower()
    world.put({"c-1": {"orders": 1}})
    live = follower.catch_up()
    world.client.indices.put_settings(index=live.name, settings={"index.gc_deletes": "1s"})
    world.put({"c-1": None})
    follower.catch_up()
    world.put({"c-1": {"orders": 2}})
    with following(follower):
        wait_for(lambda: set(world.shown()) == {"c-1"})


def test_older_versions_that_come_late_change_nothing(world: IndexWorld) -> None:
    live = world.follower().catch_up()
    bulk = Bulk(world.client)
    new, old = (Write(live, "c-1", version, b'{"orders":%d}' % version) for version in (9, 8))
    assert bulk.send([new, old, new]) == []
    assert world.shown() == {"c-1": {"orders": 9}}


def test_what_the_mapping_refuses_becomes_a_dead_letter_without_its_value(world: IndexWorld) -> None:
    follower = world.follower()
    follower.catch_up()
    world.put({"c-1": {"orders": "secret-value"}, "c-2": {"orders": 2}, "c-3": {"birthday": 7}})
    follower.catch_up()
    assert set(world.shown()) == {"c-2"}
    assert world.letters() == [
        ("c-1", "Elasticsearch refused the profile: document_parsing_exception at `orders`", False),
        ("c-3", "the profile is not of the workspace's catalogue", False),
    ]
    with world.connect() as connection:
        (payload,) = connection.execute("SELECT payload FROM dead_letter WHERE profile = 'c-1'").fetchone() or (b"",)
    assert b"secret" not in bytes(payload)
    world.put({"c-1": {"orders": "again"}})
    follower.catch_up()
    assert len(world.letters()) == 2
    world.put({"c-1": {"orders": 1}})
    follower.catch_up()
    assert [made_good for _, _, made_good in world.letters()] == [True, False]
    assert set(world.shown()) == {"c-1", "c-2"}


def test_a_request_that_is_too_large_is_halved(world: IndexWorld, elasticsearch_url: str) -> None:
    from elasticsearch import Elasticsearch

    live = world.follower().catch_up()
    tags = b'","'.join(b"x" * 1_000 for _ in range(20))
    writes = [Write(live, f"c-{number}", 1, b'{"tags":["' + tags + b'"]}') for number in range(20)]
    huge = Write(live, "c-99", 1, b'{"tags":["' + b'","'.join([tags] * 5) + b'"]}')
    with limiting_proxy(elasticsearch_url, 70_000) as url, Elasticsearch(url, max_retries=0) as client:
        refused = Bulk(client).send([*writes[:7], huge, *writes[7:]])
    assert [(each.write.profile, each.reason) for each in refused] == [
        ("c-99", "the document is larger than a request to Elasticsearch may be")
    ]
    assert set(world.shown()) == {each.profile for each in writes}


def test_an_index_that_may_not_be_written_is_waited_for(world: IndexWorld) -> None:
    follower = world.follower()
    live = follower.catch_up()
    world.client.indices.put_settings(index=live.name, settings={"index.blocks.write": True})
    world.put({"c-1": {"orders": 1}})
    with pytest.raises(IndexUnavailableError, match="cluster_block_exception"):
        follower.catch_up()
    assert world.letters() == []
    world.client.indices.put_settings(index=live.name, settings={"index.blocks.write": False})
    follower.catch_up()
    assert set(world.shown()) == {"c-1"}


def test_a_deleted_index_is_not_made_by_writing_but_anew_and_filled(
    world: IndexWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = world.follower()
    world.put({"c-1": {"orders": 1}})
    live = follower.catch_up()
    with monkeypatch.context() as patch:
        patch.setattr("engine.index.follower.LOOK_SECONDS", 600.0)  # the list of indices is taken for true
        world.client.indices.delete(index=live.name)
        world.put({"c-2": {"orders": 2}})
        with pytest.raises(IndexUnavailableError, match="no longer there"):
            follower.step(range(16))
    assert index_of(world.client, world.alias) is None
    wait_for(lambda: _follows(follower))
    assert follower.catch_up().uuid != live.uuid
    assert set(world.shown()) == {"c-1", "c-2"}


def _follows(follower: IndexFollower) -> bool:
    try:
        follower.step(range(16))
    except IndexUnavailableError:
        return False
    return True


def test_the_follower_outlives_servers_that_cannot_be_reached(
    world: IndexWorld, caplog: pytest.LogCaptureFixture
) -> None:
    from elasticsearch import Elasticsearch

    def told() -> list[str]:
        return [each.getMessage().split(",")[0] for each in caplog.records if each.name == outages.LOG.name]

    away, back = "the index does not follow for now", "the index follows again"
    with Elasticsearch("http://127.0.0.1:9", request_timeout=5, max_retries=0) as nowhere:
        follower = world.follower(nowhere)
        with caplog.at_level(logging.WARNING), following(follower):
            world.put({"c-1": {"orders": 1}})
            wait_for(lambda: told() == [away])
            time.sleep(1.0)
            follower._client = follower._writer._bulk._client = world.client
            wait_for(lambda: index_of(world.client, world.alias) is not None and set(world.shown()) == {"c-1"})
            wait_for(lambda: told() == [away, back])
            with world.connect() as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND datname = current_database()"
                )
            world.put({"c-2": {"orders": 2}})
            wait_for(lambda: set(world.shown()) == {"c-1", "c-2"})
            wait_for(lambda: told() == [away, back] * 2)


def test_a_step_whose_commit_fails_is_made_good(world: IndexWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    follower = world.follower()
    live = follower.catch_up()
    world.put({"c-1": {"orders": 1}})
    original = cursors.move

    def broken(*_: Any) -> None:
        raise OSError("broken")

    monkeypatch.setattr(cursors, "move", broken)
    with pytest.raises(OSError, match="broken"):
        follower.step(range(16))
    monkeypatch.setattr(cursors, "move", original)
    world.put({"c-1": None})
    world.follower().catch_up()
    world.client.indices.put_settings(index=live.name, settings={"index.gc_deletes": "0s"})
    late = Write(live, "c-1", 7, b'{"orders":1}')
    wait_for(lambda: _taken(world, late))
    assert set(world.shown()) == {"c-1"}  # a copy that came too late, and the erasure has been passed
    follower.step(range(16))
    assert world.shown() == {}


def _taken(world: IndexWorld, write: Write) -> bool:
    try:
        Bulk(world.client).send([write])
    except IndexUnavailableError:
        return False
    return True


def test_two_followers_share_the_work_without_interleaving(world: IndexWorld) -> None:
    follower = world.follower()
    live = follower.catch_up()
    with following(follower), following(world.follower()):
        for number in range(100):
            world.put({f"c-{number % 7}": {"orders": number}, f"x-{number}": {}, f"x-{number - 5}": None})
        wait_for(lambda: _caught_up(world))
    assert {key: each.get("orders") for key, each in world.shown(live).items()} == {
        key: each.get("orders") for key, each in world.kept().items()
    }


def _caught_up(world: IndexWorld) -> bool:
    with world.connect() as connection:
        return cursors.caught_up(connection, world.live(), cursors.heads(connection))


def test_an_index_of_another_catalogue_gets_erasures_alone(world: IndexWorld) -> None:
    world.put({"c-1": {"orders": 1}, "c-2": {"orders": 2}})
    live = world.follower().catch_up()
    other = Catalogue("customer", "customer_id", (*CATALOGUE.fields, Field("score", "number")))
    follower = world.follower(catalogue=other)
    world.put({"c-1": None, "c-3": {"score": 1.5}})
    with pytest.raises(IndexRefusedError, match="index rebuild"):
        follower.catch_up()
    assert set(world.shown()) == {"c-2"}
    refuse_other_mapping(hash_of(CATALOGUE), live)
    with pytest.raises(OtherMappingError, match="index rebuild") as refused:
        refuse_other_mapping(hash_of(other), live)
    assert hash_of(other) in str(refused.value)
    assert hash_of(CATALOGUE) in str(refused.value)


def test_the_index_before_gets_erasures_alone_and_is_filled_when_it_is_gone_back_to(world: IndexWorld) -> None:
    world.put({"c-1": {"orders": 1}, "c-2": {"orders": 2}})
    first = world.follower().catch_up()
    second = create_index(world.client, CATALOGUE, 2, "next", world.alias)
    _switch(world, first.name, second.name)
    world.put({"c-1": None, "c-2": {"orders": 3}, "c-3": {}})
    world.follower().catch_up()
    assert set(world.shown()) == {"c-2", "c-3"}
    assert {key: each["orders"] for key, each in world.shown(first).items()} == {"c-2": 2}
    _switch(world, second.name, first.name)
    world.follower().catch_up()
    assert {key: each.get("orders") for key, each in world.shown(first).items()} == {"c-2": 3, "c-3": None}


def _switch(world: IndexWorld, old: str, new: str) -> None:
    world.client.indices.update_aliases(
        actions=[
            {"remove": {"index": old, "alias": world.alias}},
            {"add": {"index": new, "alias": world.alias}},
        ]
    )


def test_an_index_that_another_database_filled_is_not_trusted(world: IndexWorld) -> None:
    world.put({"c-1": {"orders": 1}})
    live = world.follower().catch_up()
    with world.connect() as connection:
        connection.execute("DELETE FROM follower")
    with pytest.raises(IndexRefusedError, match="does not know how far"):
        world.follower().catch_up()
    with world.connect() as connection:
        assert not cursors.caught_up(connection, live, {0: 0})


def test_an_index_that_is_ahead_of_a_restored_database_is_not_trusted(world: IndexWorld) -> None:
    world.put({"c-1": {"orders": 1}})
    world.follower().catch_up()
    with world.connect() as connection:
        connection.execute("UPDATE follower SET seq = seq + 5")
        assert not cursors.caught_up(connection, world.live(), cursors.heads(connection))
    for _ in range(2):
        with pytest.raises(IndexRefusedError, match="does not know how far"):
            world.follower().catch_up()


def test_the_outbox_is_pruned_behind_the_slowest_index(world: IndexWorld) -> None:
    follower = world.follower()
    follower.catch_up()
    keys = [key for key in (f"c-{number}" for number in range(100)) if partition_of(key) == 3]
    for key in keys:
        world.put({key: {}})
    with world.connect() as connection:
        assert cursors.prune_outbox(connection, 0) == 0
        follower.catch_up()
        world.put({keys[0]: {"orders": 1}})
        assert cursors.prune_outbox(connection, 3_600_000) == 0
        assert cursors.prune_outbox(connection, 0) == len(keys)
        assert cursors.prune_outbox(connection, 0) == 0
        assert cursors.abandon(connection, 0) == 1
        assert cursors.prune_outbox(connection, 0) == 1
    with pytest.raises(IndexRefusedError, match="does not know how far"):
        world.follower().catch_up()


def test_pruning_waits_for_no_row_that_somebody_else_holds(world: IndexWorld) -> None:
    with world.connect() as connection, world.connect() as other:
        connection.execute("DELETE FROM follower")
        world.follower().catch_up()
        keys = [key for key in (f"c-{number}" for number in range(100)) if partition_of(key) == 3]
        for key in keys:
            world.put({key: {}})
        world.follower().catch_up()
        connection.execute("SET lock_timeout = '1min'")
        with other.transaction():
            other.execute("UPDATE outbox SET profile = 'erased-1' WHERE profile = %s", (keys[1],))
            assert cursors.prune_outbox(connection, 0) == len(keys) - 1
        assert cursors.prune_outbox(connection, 0) == 1


def test_what_is_noted_of_indices_that_are_gone_is_forgotten(world: IndexWorld) -> None:
    live = world.follower().catch_up()
    with world.connect() as connection:
        cursors.begin(connection, create_index(world.client, CATALOGUE, 7, "previous", world.alias))
        cursors.begin(connection, create_index(world.client, CATALOGUE, 8, "previous", world.alias))
        connection.execute("INSERT INTO follower VALUES ('index:gone', 0, 5), ('other', 0, 5)")
        assert tidy(connection, world.client, live.name[:-1] + "8", world.alias) == [live.name[:-1] + "7"]
        names = {name for (name,) in connection.execute("SELECT DISTINCT name FROM follower")}
    assert len(names) == 3
    assert {"other", f"index:{live.uuid}"} < names


def test_erasures_sent_twice_are_fine(world: IndexWorld) -> None:
    live = world.follower().catch_up()
    writer = Writer(Documents(CATALOGUE), Bulk(world.client))
    for _ in range(2):
        writer.erase({"c-1": [live]})
    assert GONE > 2**61


def test_an_alias_of_something_else_is_refused(world: IndexWorld, new_index: Callable[..., str]) -> None:
    name = new_index()
    world.client.indices.put_alias(index=name, name=world.alias)
    with pytest.raises(IndexRefusedError, match=f"`{name}`, which decisor did not make"):
        index_of(world.client, world.alias)
