"""A follower falls asleep between reading customers and writing them into the index, and one is erased meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from elasticsearch import ConflictError

from engine.erasure import index_places
from engine.erasure.index_places import Indices
from engine.erasure.place import Stores, UnreachablePlaceError
from engine.index.bulk import GONE, Bulk, Write
from engine.index.follower import IndexFollower
from tests.index_world import IndexWorld, index_world
from tests.servers.postgres import Database

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


@pytest.fixture
def forgetful_index(wheel_database: Database, elasticsearch: Elasticsearch) -> Iterator[IndexWorld]:
    """A live index that forgets deletions at once, with one customer; of both there is a change to write."""
    with index_world(wheel_database, elasticsearch) as made:
        made.put({"c-1": {"orders": 1}})
        live = made.follower().catch_up()
        made.client.indices.put_settings(index=live.name, settings={"index.gc_deletes": "0s"})
        made.put({"c-1": {"orders": 2}})
        yield made


class Sleeper:
    """A follower that falls asleep when it has read what it is to write, before the request or right at it."""

    def __init__(self, world: IndexWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asleep, self.awake = threading.Event(), threading.Event()
        self.problem: Exception | None = None
        self._follower = world.follower()
        self._thread = threading.Thread(target=self._step)
        original = Bulk._persist

        def late(bulk: Bulk, *arguments: Any) -> Any:
            if bulk is self._follower._writer._bulk:
                self.asleep.set()
                assert self.awake.wait(60)
            return original(bulk, *arguments)

        monkeypatch.setattr(Bulk, "_persist", late)

    @property
    def session(self) -> int:
        """The process id of its session."""
        connection = self._follower._connection
        assert connection is not None
        return connection.info.backend_pid

    @contextmanager
    def sleeping(self) -> Iterator[IndexFollower]:
        """Until the end it sleeps; then it has woken up and done its step."""
        self._thread.start()
        try:
            assert self.asleep.wait(60)
            yield self._follower
        finally:
            self.awake.set()
            self._thread.join()

    def _step(self) -> None:
        try:
            self._follower.step(range(16))
        except Exception as problem:  # noqa: BLE001 - the test looks at it
            self.problem = problem


def erase(world: IndexWorld, connection: psycopg.Connection) -> Indices:
    """The customer's row is gone; the place that is to be erased now."""
    world.put({"c-1": None})
    return Indices(Stores(connection, None, world.client, world.vault, "customer_id", world.alias))


def forget_deletions(world: IndexWorld) -> None:
    """Wait until the server takes an old version of somebody whose deletion it has forgotten."""
    live = world.live()
    Bulk(world.client).send([Write(live, "other", GONE, None)])
    late: dict[str, Any] = {"index": live.name, "id": "other", "document": {"customer_id": "other"}}
    while True:
        world.client.indices.refresh(index=live.name)
        try:
            world.client.index(**late, version=1, version_type="external", refresh=True)
        except ConflictError:
            time.sleep(0.1)
            continue
        world.client.delete(index=live.name, id="other", refresh=True)
        return


def test_an_erasure_waits_for_a_follower_that_sleeps(
    forgetful_index: IndexWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper = Sleeper(forgetful_index, monkeypatch)
    with forgetful_index.connect() as connection:
        with sleeper.sleeping():
            place = erase(forgetful_index, connection)
            monkeypatch.setattr(index_places, "LOCK_MS", 100)
            with pytest.raises(UnreachablePlaceError, match="it sleeps"):
                place.erase("c-1")
        assert sleeper.problem is None
        assert forgetful_index.shown() == {"c-1": {"customer_id": "c-1", "orders": 2}}, (
            "it did not write, and the test is void"
        )
        place.erase("c-1")
        assert place.count("c-1") == 0
        forget_deletions(forgetful_index)
        forgetful_index.follower().catch_up()
    assert forgetful_index.shown() == {}


def test_a_follower_that_has_slept_and_lost_its_session_writes_nothing(
    forgetful_index: IndexWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper = Sleeper(forgetful_index, monkeypatch)
    with forgetful_index.connect() as connection:
        with sleeper.sleeping():
            place = erase(forgetful_index, connection)
            connection.execute("SELECT pg_terminate_backend(%s, 10000)", (sleeper.session,))
            place.erase("c-1")
            forget_deletions(forgetful_index)
        assert isinstance(sleeper.problem, psycopg.OperationalError)
        assert place.count("c-1") == 0
    forgetful_index.follower().catch_up()
    assert forgetful_index.shown() == {}
