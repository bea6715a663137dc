"""Two customers have used the same event id, and one of them is erased: the other one's events still count once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from engine.erasure.erasure import Erasure
from engine.erasure.place import Stores
from engine.erasure.postgres_places import EventIds
from engine.profiles.event_store import unseen_events
from engine.worker.publish import settle
from tests.live_world import World
from tests.servers.postgres import Database

MINE, THEIRS, THIRD = b"mine", b"theirs", b"third"


class Between:
    """A connection on which something happens right before the question who has an id."""

    def __init__(self, connection: psycopg.Connection, happens: Callable[[], None], question: str) -> None:
        self._connection, self._question = connection, question
        self._happens: list[Callable[[], None]] = [happens]

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        text = statement.decode() if isinstance(statement, bytes) else statement
        if text.startswith("SELECT id, fingerprint") and self._question in text and self._happens:
            self._happens.pop()()
        return self._connection.execute(statement, parameters)


def ids(connection: psycopg.Connection, table: str = "event_id") -> list[tuple[str, bytes, str]]:
    rows = connection.execute(f"SELECT id, fingerprint, profile FROM {table} ORDER BY id, fingerprint".encode())
    return [(name, bytes(fingerprint), profile) for name, fingerprint, profile in rows]


@pytest.mark.parametrize("question", ["ANY", "FOR KEY SHARE"])
def test_an_id_that_becomes_free_after_it_was_found_taken_is_taken(question: str, postgres_database: Database) -> None:
    with postgres_database.connect() as ours, postgres_database.connect(autocommit=True) as theirs:
        assert unseen_events(theirs, [("e-1", THEIRS, "c-1"), ("e-2", THEIRS, "c-1")]) == {0: False, 1: False}
        between: Any = Between(ours, lambda: EventIds(theirs, "event_id", "record").erase("c-1"), question)
        prints = [("e-1", MINE, "c-2"), ("e-1", MINE, "c-2"), ("e-1", THIRD, "c-2"), ("e-3", MINE, "c-2")]
        assert unseen_events(between, prints) == {0: False, 2: True, 3: False}
        ours.commit()
        assert ids(theirs) == [("e-1", MINE, "c-2"), ("e-3", MINE, "c-2")]
        assert unseen_events(theirs, prints) == {}


def test_an_erasure_waits_for_whoever_flags_other_content_of_its_ids_and_hands_them_on(
    postgres_database: Database,
) -> None:
    connect = postgres_database.connect
    with connect() as ours, connect(autocommit=True) as theirs, connect(autocommit=True) as watching:
        assert unseen_events(theirs, [("e-1", THEIRS, "c-1"), ("e-2", THEIRS, "c-1")]) == {0: False, 1: False}
        assert unseen_events(ours, [("e-1", MINE, "c-2"), ("e-1", THIRD, "c-3")]) == {0: True, 1: True}

        def erase() -> None:
            with theirs.transaction():
                EventIds(theirs, "event_id", "record").erase("c-1")

        thread = threading.Thread(target=erase)
        thread.start()
        waits = "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
        while not watching.execute(waits, (theirs.info.backend_pid,)).rowcount:
            assert thread.is_alive(), "the erasure did not wait"
            time.sleep(0.01)
        ours.commit()
        thread.join()
        assert ids(watching) == [("e-1", MINE, "c-2")]
        assert ids(watching, "event_conflict") == [("e-1", THIRD, "c-3")]
        assert unseen_events(watching, [("e-1", MINE, "c-2"), ("e-1", THIRD, "c-3")]) == {}


def test_what_the_other_customer_sent_is_dropped_when_it_comes_again(live_world: World) -> None:
    world = live_world
    at = "2026-02-20T00:00:00.000Z"
    mine, theirs = (
        {"id": "e-1", "type": "purchase", "customer_id": customer, "time": at, "data": {"amount": 60.0}}
        for customer in ("c-1", "c-2")
    )
    world.put([mine])
    world.drain()
    world.put([theirs])
    assert world.drain().conflicts == 1
    with world.connect("tests") as connection:
        stores = Stores(connection, world.redis, None, world.vault, "customer_id")
        erasure = Erasure(stores, lambda upto: settle(connection, world.redis, upto, world.vault))
        assert erasure.erase("c-1", world.now_ms).done
    world.oracle.forget("c-1")
    world.put([theirs])
    assert world.drain().duplicates == 1
    world.check()
    assert world.oracle.profile("c-2", world.now_ms)["orders"] == 1
