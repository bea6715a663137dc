"""The index follows the outbox, whatever happens to it, on real servers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import Connection

from engine.index import cursors
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
from engine.profiles.outbox import prune_outbox
from engine.stages import runner
from engine.storage.partitions import heads, partition_of
from tests.index_world import CATALOGUE, IndexWorld, following, index_world, limiting_proxy
from tests.servers.postgres import Database
from tests.waiting import until

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


@pytest.fixture
def followed_index(postgres_database: Database, elasticsearch: Elasticsearch) -> Iterator[IndexWorld]:
    with index_world(postgres_database, elasticsearch) as made:
        yield made


def pruned(connection: Connection, keep_ms: int) -> int:
    return prune_outbox(connection, keep_ms, cursors.passed_by_all(connection, heads(connection)))


def test_the_live_index_is_made_on_first_use_and_filled_with_what_was_there(followed_index: IndexWorld) -> None:
    followed_index.put({"c-1": {"orders": 1}}, told=False)
    followed_index.put({"c-2": {"birthday": "1990-02-28"}})
    live = followed_index.follower().catch_up()
    assert live.name == f"{followed_index.alias}-{hash_of(CATALOGUE).removeprefix('sha256:')[:12]}-1"
    assert followed_index.shown() == {
        "c-1": {"customer_id": "c-1", "orders": 1},
        "c-2": {"customer_id": "c-2", "birthday": {"date": "1990-02-28", "month_day": "02-28"}},
    }
    mapping = followed_index.client.indices.get_mapping(index=live.name)[live.name]["mappings"]
    assert mapping["_meta"]["mapping_hash"] == hash_of(CATALOGUE) == live.mapping_hash


def test_changes_reach_the_index_with_the_profiles_version(followed_index: IndexWorld) -> None:
    follower = followed_index.follower()
    follower.catch_up()
    for orders in range(5):
        followed_index.put({"c-1": {"orders": orders}, "c-2": {"orders": -orders}})
    live = follower.catch_up()
    assert followed_index.shown()["c-1"] == {"customer_id": "c-1", "orders": 4}
    assert followed_index.client.get(index=live.name, id="c-1")["_version"] == 5
    with followed_index.connect() as connection:
        assert cursors.caught_up(connection, live, heads(connection))
        assert wait_until(connection, followed_index.client, heads(connection), 1.0, followed_index.alias) == live


def test_only_the_partitions_asked_for_are_followed(followed_index: IndexWorld) -> None:
    follower = followed_index.follower()
    follower.catch_up()
    followed_index.put({f"c-{number}": {"orders": number} for number in range(50)})
    mine = [0, 1, 2, 3]
    while follower.step(mine):
        pass
    assert set(followed_index.shown()) == {key for key in followed_index.kept() if partition_of(key) in mine}
    with followed_index.connect() as connection, pytest.raises(IndexRefusedError, match="still behind"):
        wait_until(connection, followed_index.client, heads(connection), 0.1, followed_index.alias)


def test_erased_profiles_are_deleted_and_late_copies_do_not_come_back(followed_index: IndexWorld) -> None:
    follower = followed_index.follower()
    followed_index.put({"c-1": {"orders": 1}, "c-2": {"orders": 2}})
    live = follower.catch_up()
    followed_index.put({"c-1": None})
    follower.catch_up()
    assert set(followed_index.shown()) == {"c-2"}
    late = Write(live, "c-1", 7, b'{"customer_id":"c-1","orders":1}')
    with pytest.raises(IndexUnavailableError, match="remembers"):
        Bulk(followed_index.client).send([late])
    assert set(followed_index.shown()) == {"c-2"}


def test_whoever_was_erased_and_is_there_again_is_indexed_once_the_server_has_forgotten_the_deletion(
    followed_index: IndexWorld,
) -> None:
    follower = followed_index.follower()
    followed_index.put({"c-1": {"orders": 1}})
    live = follower.catch_up()
    followed_index.client.indices.put_settings(index=live.name, settings={"index.gc_deletes": "1s"})
    followed_index.put({"c-1": None})
    follower.catch_up()
    followed_index.put({"c-1": {"orders": 2}})
    with following(follower):
        until(lambda: set(followed_index.shown()) == {"c-1"})


def test_older_versions_that_come_late_change_nothing(followed_index: IndexWorld) -> None:
    live = followed_index.follower().catch_up()
    bulk = Bulk(followed_index.client)
    new, old = (Write(live, "c-1", version, b'{"orders":%d}' % version) for version in (9, 8))
    assert bulk.send([new, old, new]) == []
    assert followed_index.shown() == {"c-1": {"orders": 9}}


def test_what_the_mapping_refuses_becomes_a_dead_letter_without_its_value(followed_index: IndexWorld) -> None:
    follower = followed_index.follower()
    follower.catch_up()
    followed_index.put({"c-1": {"orders": "secret-value"}, "c-2": {"orders": 2}, "c-3": {"birthday": 7}})
    follower.catch_up()
    assert set(followed_index.shown()) == {"c-2"}
    assert followed_index.letters() == [
        ("c-1", "Elasticsearch refused the profile: document_parsing_exception at `orders`", False),
        ("c-3", "the profile is not of the workspace's catalogue", False),
    ]
    with followed_index.connect() as connection:
        (payload,) = connection.execute("SELECT payload FROM dead_letter WHERE profile = 'c-1'").fetchone() or (b"",)
    assert b"secret" not in bytes(payload)
    followed_index.put({"c-1": {"orders": "again"}})
    follower.catch_up()
    assert len(followed_index.letters()) == 2
    followed_index.put({"c-1": {"orders": 1}})
    follower.catch_up()
    assert [made_good for _, _, made_good in followed_index.letters()] == [True, False]
    assert set(followed_index.shown()) == {"c-1", "c-2"}


def test_a_request_that_is_too_large_is_halved(followed_index: IndexWorld, elasticsearch_url: str) -> None:
    from elasticsearch import Elasticsearch

    live = followed_index.follower().catch_up()
    tags = b'","'.join(b"x" * 1_000 for _ in range(20))
    writes = [Write(live, f"c-{number}", 1, b'{"tags":["' + tags + b'"]}') for number in range(20)]
    huge = Write(live, "c-99", 1, b'{"tags":["' + b'","'.join([tags] * 5) + b'"]}')
    with limiting_proxy(elasticsearch_url, 70_000) as url, Elasticsearch(url, max_retries=0) as client:
        refused = Bulk(client).send([*writes[:7], huge, *writes[7:]])
    assert [(each.write.profile, each.reason) for each in refused] == [
        ("c-99", "the document is larger than a request to Elasticsearch may be")
    ]
    assert set(followed_index.shown()) == {each.profile for each in writes}


def test_an_index_that_may_not_be_written_is_waited_for(followed_index: IndexWorld) -> None:
    follower = followed_index.follower()
    live = follower.catch_up()
    followed_index.client.indices.put_settings(index=live.name, settings={"index.blocks.write": True})
    followed_index.put({"c-1": {"orders": 1}})
    with pytest.raises(IndexUnavailableError, match="cluster_block_exception"):
        follower.catch_up()
    assert followed_index.letters() == []
    followed_index.client.indices.put_settings(index=live.name, settings={"index.blocks.write": False})
    follower.catch_up()
    assert set(followed_index.shown()) == {"c-1"}


def test_a_deleted_index_is_not_made_by_writing_but_anew_and_filled(
    followed_index: IndexWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = followed_index.follower()
    followed_index.put({"c-1": {"orders": 1}})
    live = follower.catch_up()
    with monkeypatch.context() as patch:
        patch.setattr("engine.index.follower.LOOK_SECONDS", 600.0)  # the list of indices is taken for true
        followed_index.client.indices.delete(index=live.name)
        followed_index.put({"c-2": {"orders": 2}})
        with pytest.raises(IndexUnavailableError, match="no longer there"):
            follower.step(range(16))
    assert index_of(followed_index.client, followed_index.alias) is None
    until(lambda: _follows(follower))
    assert follower.catch_up().uuid != live.uuid
    assert set(followed_index.shown()) == {"c-1", "c-2"}


def _follows(follower: IndexFollower) -> bool:
    try:
        follower.step(range(16))
    except IndexUnavailableError:
        return False
    return True


def test_the_follower_outlives_servers_that_cannot_be_reached(
    followed_index: IndexWorld, caplog: pytest.LogCaptureFixture
) -> None:
    from elasticsearch import Elasticsearch

    def told() -> list[str]:
        return [each.getMessage().split(",")[0] for each in caplog.records if each.name == runner.LOG.name]

    away, back = "the stage `index` waits", "the stage `index` works again"
    with Elasticsearch("http://127.0.0.1:9", request_timeout=5, max_retries=0) as nowhere:
        follower = followed_index.follower(nowhere)
        with caplog.at_level(logging.WARNING), following(follower):
            followed_index.put({"c-1": {"orders": 1}})
            until(lambda: told() == [away])
            time.sleep(1.0)
            follower._client = follower._writer._bulk._client = followed_index.client
            until(lambda: index_of(followed_index.client, followed_index.alias) is not None)
            until(lambda: set(followed_index.shown()) == {"c-1"})
            until(lambda: told() == [away, back])
            with followed_index.connect() as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND datname = current_database()"
                )
            followed_index.put({"c-2": {"orders": 2}})
            until(lambda: set(followed_index.shown()) == {"c-1", "c-2"})
            until(lambda: told() == [away, back] * 2)


def test_a_step_whose_commit_fails_is_made_good(followed_index: IndexWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    follower = followed_index.follower()
    live = follower.catch_up()
    followed_index.put({"c-1": {"orders": 1}})
    original = cursors.move

    def broken(*_: Any) -> None:
        raise OSError("broken")

    monkeypatch.setattr(cursors, "move", broken)
    with pytest.raises(OSError, match="broken"):
        follower.step(range(16))
    monkeypatch.setattr(cursors, "move", original)
    followed_index.put({"c-1": None})
    followed_index.follower().catch_up()
    followed_index.client.indices.put_settings(index=live.name, settings={"index.gc_deletes": "0s"})
    late = Write(live, "c-1", 7, b'{"orders":1}')
    until(lambda: _taken(followed_index, late))
    assert set(followed_index.shown()) == {"c-1"}  # a copy that came too late, and the erasure has been passed
    follower.step(range(16))
    assert followed_index.shown() == {}


def _taken(world: IndexWorld, write: Write) -> bool:
    try:
        Bulk(world.client).send([write])
    except IndexUnavailableError:
        return False
    return True


def test_two_followers_share_the_work_without_interleaving(followed_index: IndexWorld) -> None:
    follower = followed_index.follower()
    live = follower.catch_up()
    with following(follower), following(followed_index.follower()):
        for number in range(100):
            followed_index.put({f"c-{number % 7}": {"orders": number}, f"x-{number}": {}, f"x-{number - 5}": None})
        until(lambda: _caught_up(followed_index))
    assert {key: each.get("orders") for key, each in followed_index.shown(live).items()} == {
        key: each.get("orders") for key, each in followed_index.kept().items()
    }


def _caught_up(world: IndexWorld) -> bool:
    with world.connect() as connection:
        return cursors.caught_up(connection, world.live(), heads(connection))


def test_an_index_of_another_catalogue_gets_erasures_alone(followed_index: IndexWorld) -> None:
    followed_index.put({"c-1": {"orders": 1}, "c-2": {"orders": 2}})
    live = followed_index.follower().catch_up()
    other = Catalogue("customer", "customer_id", (*CATALOGUE.fields, Field("score", "number")))
    follower = followed_index.follower(catalogue=other)
    followed_index.put({"c-1": None, "c-3": {"score": 1.5}})
    with pytest.raises(IndexRefusedError, match="index rebuild"):
        follower.catch_up()
    assert set(followed_index.shown()) == {"c-2"}
    refuse_other_mapping(hash_of(CATALOGUE), live)
    with pytest.raises(OtherMappingError, match="index rebuild") as refused:
        refuse_other_mapping(hash_of(other), live)
    assert hash_of(other) in str(refused.value)
    assert hash_of(CATALOGUE) in str(refused.value)


def test_the_index_before_gets_erasures_alone_and_is_filled_when_it_is_gone_back_to(followed_index: IndexWorld) -> None:
    followed_index.put({"c-1": {"orders": 1}, "c-2": {"orders": 2}})
    first = followed_index.follower().catch_up()
    second = create_index(followed_index.client, CATALOGUE, 2, "next", followed_index.alias)
    _switch(followed_index, first.name, second.name)
    followed_index.put({"c-1": None, "c-2": {"orders": 3}, "c-3": {}})
    followed_index.follower().catch_up()
    assert set(followed_index.shown()) == {"c-2", "c-3"}
    assert {key: each["orders"] for key, each in followed_index.shown(first).items()} == {"c-2": 2}
    _switch(followed_index, second.name, first.name)
    followed_index.follower().catch_up()
    assert {key: each.get("orders") for key, each in followed_index.shown(first).items()} == {"c-2": 3, "c-3": None}


def _switch(world: IndexWorld, old: str, new: str) -> None:
    world.client.indices.update_aliases(
        actions=[
            {"remove": {"index": old, "alias": world.alias}},
            {"add": {"index": new, "alias": world.alias}},
        ]
    )


def test_an_index_that_another_database_filled_is_not_trusted(followed_index: IndexWorld) -> None:
    followed_index.put({"c-1": {"orders": 1}})
    live = followed_index.follower().catch_up()
    with followed_index.connect() as connection:
        connection.execute("DELETE FROM follower")
    with pytest.raises(IndexRefusedError, match="does not know how far"):
        followed_index.follower().catch_up()
    with followed_index.connect() as connection:
        assert not cursors.caught_up(connection, live, {0: 0})


def test_an_index_that_is_ahead_of_a_restored_database_is_not_trusted(followed_index: IndexWorld) -> None:
    followed_index.put({"c-1": {"orders": 1}})
    followed_index.follower().catch_up()
    with followed_index.connect() as connection:
        connection.execute("UPDATE follower SET seq = seq + 5")
        assert not cursors.caught_up(connection, followed_index.live(), heads(connection))
    for _ in range(2):
        with pytest.raises(IndexRefusedError, match="does not know how far"):
            followed_index.follower().catch_up()


def test_the_outbox_is_pruned_behind_the_slowest_index(followed_index: IndexWorld) -> None:
    follower = followed_index.follower()
    follower.catch_up()
    keys = [key for key in (f"c-{number}" for number in range(100)) if partition_of(key) == 3]
    for key in keys:
        followed_index.put({key: {}})
    with followed_index.connect() as connection:
        assert pruned(connection, 0) == 0
        follower.catch_up()
        followed_index.put({keys[0]: {"orders": 1}})
        assert pruned(connection, 3_600_000) == 0
        assert pruned(connection, 0) == len(keys)
        assert pruned(connection, 0) == 0
        assert cursors.abandon(connection, 0) == 1
        assert pruned(connection, 0) == 1
    with pytest.raises(IndexRefusedError, match="does not know how far"):
        followed_index.follower().catch_up()


def test_pruning_waits_for_no_row_that_somebody_else_holds(followed_index: IndexWorld) -> None:
    with followed_index.connect() as connection, followed_index.connect() as other:
        connection.execute("DELETE FROM follower")
        followed_index.follower().catch_up()
        keys = [key for key in (f"c-{number}" for number in range(100)) if partition_of(key) == 3]
        for key in keys:
            followed_index.put({key: {}})
        followed_index.follower().catch_up()
        connection.execute("SET lock_timeout = '1min'")
        with other.transaction():
            other.execute("UPDATE outbox SET profile = 'erased-1' WHERE profile = %s", (keys[1],))
            assert pruned(connection, 0) == len(keys) - 1
        assert pruned(connection, 0) == 1


def test_what_is_noted_of_indices_that_are_gone_is_forgotten(followed_index: IndexWorld) -> None:
    live = followed_index.follower().catch_up()
    with followed_index.connect() as connection:
        cursors.begin(connection, create_index(followed_index.client, CATALOGUE, 7, "previous", followed_index.alias))
        cursors.begin(connection, create_index(followed_index.client, CATALOGUE, 8, "previous", followed_index.alias))
        connection.execute("INSERT INTO follower VALUES ('index:gone', 0, 5), ('other', 0, 5)")
        assert tidy(connection, followed_index.client, live.name[:-1] + "8", followed_index.alias) == [
            live.name[:-1] + "7"
        ]
        names = {name for (name,) in connection.execute("SELECT DISTINCT name FROM follower")}
    assert len(names) == 3
    assert {"other", f"index:{live.uuid}"} < names


def test_erasures_sent_twice_are_fine(followed_index: IndexWorld) -> None:
    live = followed_index.follower().catch_up()
    writer = Writer(Documents(CATALOGUE), Bulk(followed_index.client))
    for _ in range(2):
        writer.erase({"c-1": [live]})
    assert GONE > 2**61


def test_an_alias_of_something_else_is_refused(followed_index: IndexWorld, new_index: Callable[..., str]) -> None:
    name = new_index()
    followed_index.client.indices.put_alias(index=name, name=followed_index.alias)
    with pytest.raises(IndexRefusedError, match=f"`{name}`, which decisor did not make"):
        index_of(followed_index.client, followed_index.alias)
