"""A new index beside the live one, while writes go on, on real servers."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

import pytest

from engine.index import cursors, filling
from engine.index.audit import IndexAudit
from engine.index.bulk import Bulk, Write
from engine.index.comparing import Comparison
from engine.index.making import make_next
from engine.index.names import all_indices, hash_of, index_of, next_alias
from engine.index.rebuild import Rebuild, RebuildRefusedError
from engine.index.status import index_statuses, refused_count
from engine.ir.types import Catalogue, Field
from tests.index_world import CATALOGUE, IndexWorld, following, index_world
from tests.servers.postgres import Database

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

WIDER = Catalogue("customer", "customer_id", (*CATALOGUE.fields, Field("score", "number")))


@pytest.fixture
def rebuilt_index(wheel_database: Database, elasticsearch: Elasticsearch) -> Iterator[IndexWorld]:
    with index_world(wheel_database, elasticsearch) as made:
        yield made


def rebuild(world: IndexWorld, catalogue: Catalogue = CATALOGUE, told: list[str] | None = None) -> Rebuild:
    return Rebuild(
        world.connect,
        world.client,
        catalogue,
        alias=world.alias,
        tell=(lambda _: None) if told is None else told.append,
    )


def same(world: IndexWorld) -> bool:
    wanted = {key: (each.get("orders"), each.get("tags")) for key, each in world.kept().items()}
    return {key: (each.get("orders"), each.get("tags")) for key, each in world.shown().items()} == wanted


def fill(world: IndexWorld, count: int = 300) -> None:
    world.put({f"c-{number}": {"orders": number} for number in range(count)})


class Traffic(threading.Thread):
    """Changes and erases profiles until it is told to stop."""

    def __init__(self, world: IndexWorld) -> None:
        super().__init__()
        self.world, self.ended, self.count = world, threading.Event(), 0

    def run(self) -> None:
        random_ = random.Random(7)
        while not self.ended.is_set():
            self.count += 1
            changed = {f"c-{random_.randrange(300, 600)}": {"orders": self.count}, f"n-{self.count}": {}}
            gone = {f"c-{self.count}": None} if self.count < 300 else {}
            self.world.put({**changed, **gone})

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.join()


def test_without_an_index_one_is_made_filled_and_compared(rebuilt_index: IndexWorld) -> None:
    fill(rebuilt_index)
    done = rebuild(rebuilt_index).run()
    assert (done.live, done.previous, done.removed) == (rebuilt_index.live().name, None, ())
    assert (done.differences.profiles, done.differences.sampled) == (300, 300)
    assert same(rebuilt_index)


def test_the_alias_is_switched_while_writes_go_on(rebuilt_index: IndexWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "PAGE", 60)
    fill(rebuilt_index, 600)
    follower = rebuilt_index.follower()
    first = follower.catch_up()
    with following(follower), Traffic(rebuilt_index) as traffic:
        done = [rebuild(rebuilt_index).run() for _ in range(3)]
    assert traffic.count > 20
    follower = rebuilt_index.follower()
    follower.catch_up()
    assert same(rebuilt_index)
    generations = [each.generation for each in all_indices(rebuilt_index.client, rebuilt_index.alias)]
    assert generations == [3, 4]
    assert [each.previous for each in done] == [first.name, done[0].live, done[1].live]
    assert done[1].removed == (first.name,)
    assert rebuilt_index.live().name == done[2].live
    erased = {f"c-{number}" for number in range(1, min(traffic.count, 299) + 1)}
    assert not erased & set(rebuilt_index.shown(all_indices(rebuilt_index.client, rebuilt_index.alias)[0]))


def test_another_catalogue_gets_its_own_index(rebuilt_index: IndexWorld) -> None:
    fill(rebuilt_index, 20)
    rebuilt_index.follower().catch_up()
    rebuilt_index.put({"c-1": {"score": 0.5}})
    done = rebuild(rebuilt_index, WIDER).run()
    live = rebuilt_index.live()
    assert live.mapping_hash == hash_of(WIDER)
    assert live.name == done.live
    assert rebuilt_index.shown()["c-1"] == {"customer_id": "c-1", "score": 0.5}


def test_a_rebuild_that_was_broken_off_is_gone_on_with(
    rebuilt_index: IndexWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(rebuilt_index, 100)
    follower = rebuilt_index.follower()
    live = follower.catch_up()
    calls = 0
    original = filling.fill_page

    def broken(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 7:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr("engine.index.rebuild.fill_page", broken)
    with pytest.raises(KeyboardInterrupt):
        rebuild(rebuilt_index).run()
    left = all_indices(rebuilt_index.client, rebuilt_index.alias)[-1]
    assert (left.role, rebuilt_index.live().name) == ("next", live.name)
    rebuilt_index.put({"c-5": {"orders": 1_000}, "c-6": None})
    told: list[str] = []
    assert rebuild(rebuilt_index, told=told).run().live == left.name
    assert told[0] == f"going on with `{left.name}`, which an earlier rebuild left"
    assert same(rebuilt_index)
    assert (
        next_alias(rebuilt_index.alias)
        not in rebuilt_index.client.indices.get_alias(index=left.name)[left.name]["aliases"]
    )


@pytest.mark.parametrize("afresh", [False, True])
def test_what_an_earlier_rebuild_left_goes_where_it_does_not_fit(rebuilt_index: IndexWorld, afresh: bool) -> None:  # noqa: FBT001
    fill(rebuilt_index, 20)
    rebuilt_index.follower().catch_up()
    with rebuilt_index.connect() as connection:
        left = make_next(connection, rebuilt_index.client, CATALOGUE if afresh else WIDER, rebuilt_index.alias)
    done = rebuild(rebuilt_index).run(afresh=afresh)
    assert done.live != left.name
    assert not rebuilt_index.client.indices.exists(index=left.name)
    assert same(rebuilt_index)


def test_only_one_rebuild_works_at_a_time(rebuilt_index: IndexWorld) -> None:
    from engine.index.rebuild import REBUILD_LOCK

    fill(rebuilt_index, 20)
    with rebuilt_index.connect() as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (REBUILD_LOCK,))
        with pytest.raises(RebuildRefusedError, match="another"):
            rebuild(rebuilt_index).run()
    rebuild(rebuilt_index).run()


def test_planted_differences_keep_the_alias_where_it_is(
    rebuilt_index: IndexWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(rebuilt_index, 200)
    live = rebuilt_index.follower().catch_up()
    original = Comparison.all

    def planted(self: Comparison, connection: Any, index: Any, *arguments: Any) -> Any:
        wrong = [
            Write(index, "c-1", 99, b'{"customer_id":"c-1","orders":77}'),
            Write(index, "c-2", 2**62, None),
            Write(index, "c-x", 1, b'{"customer_id":"c-x"}'),
        ]
        Bulk(rebuilt_index.client).send(wrong)
        return original(self, connection, index, *arguments)

    monkeypatch.setattr(Comparison, "all", planted)
    with pytest.raises(RebuildRefusedError, match="1 missing, 1 left of customers who are no more, 1 of other content"):
        rebuild(rebuilt_index).run()
    assert rebuilt_index.live().name == live.name
    monkeypatch.undo()
    with pytest.raises(RebuildRefusedError, match="--afresh"):
        rebuild(rebuilt_index).run()
    assert rebuild(rebuilt_index).run(afresh=True).previous == live.name
    assert same(rebuilt_index)


def test_refused_profiles_are_told_and_can_be_gone_without(rebuilt_index: IndexWorld) -> None:
    fill(rebuilt_index, 20)
    rebuilt_index.put({"c-1": {"orders": "none"}}, told=False)
    live = rebuilt_index.follower().catch_up()
    with rebuilt_index.connect() as connection:
        assert refused_count(connection) == 1
    with pytest.raises(RebuildRefusedError, match="refuses at least 1 of 20 profiles"):
        rebuild(rebuilt_index).run()
    done = rebuild(rebuilt_index).run(despite_refused=True)
    assert done.previous == live.name
    assert done.differences.refused == {"c-1"}
    assert len(rebuilt_index.shown()) == 19


def test_the_status_tells_roles_fit_and_lag(rebuilt_index: IndexWorld) -> None:
    fill(rebuilt_index, 20)
    rebuilt_index.follower().catch_up()
    rebuild(rebuilt_index).run()
    rebuilt_index.put({"c-1": {"orders": 5}})
    with rebuilt_index.connect() as connection:
        make_next(connection, rebuilt_index.client, WIDER, rebuilt_index.alias)
        previous, live, coming = index_statuses(connection, rebuilt_index.client, CATALOGUE, rebuilt_index.alias)
    assert [each.role for each in (previous, live, coming)] == ["previous", "live", "next"]
    assert [each.fits for each in (previous, live, coming)] == [True, True, False]
    assert [each.known for each in (previous, live, coming)] == [True] * 3
    assert list(live.behind.values()) == [1]
    assert (len(live.filling), len(coming.filling)) == (0, 16)
    assert (live.documents, coming.documents) == (20, 0)


def test_the_audit_finds_what_differs_and_leaves_out_what_is_on_its_way(rebuilt_index: IndexWorld) -> None:
    fill(rebuilt_index, 20)
    live = rebuilt_index.follower().catch_up()
    rebuilt_index.put({"c-3": {"orders": 3_000}})
    rebuilt_index.put({"c-4": {"orders": 4_000}, "c-5": {}}, told=False)
    Bulk(rebuilt_index.client).send([Write(live, "c-6", 2**62, None)])
    audit = IndexAudit(rebuilt_index.client, CATALOGUE, rebuilt_index.vault, rebuilt_index.alias)
    keys = [f"c-{number}" for number in range(20)]
    with rebuilt_index.connect() as connection:
        assert sorted(audit.compare(connection, 0, keys)) == ["c-4", "c-5", "c-6"]
        connection.execute("UPDATE follower SET name = replace(name, 'index:', 'filling:')")
        assert audit.compare(connection, 0, keys) == []
        assert (
            IndexAudit(rebuilt_index.client, WIDER, rebuilt_index.vault, rebuilt_index.alias).compare(
                connection, 0, keys
            )
            == []
        )
    assert index_of(rebuilt_index.client, f"{rebuilt_index.alias}x") is None
    assert cursors.name_of("index", "u") == "index:u"
