"""Member lists: their members are rows, so a list of any length loses a customer and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.erasure.erasure import Erasure
from engine.erasure.place import Stores
from engine.ir.predicate import InList
from engine.segments.registry import activate_unfilled, definition_of, read_registry
from engine.storage import migrate as migrating
from engine.storage.migrate import migrate, migrations
from engine.storage.partitions import PARTITIONS, lock_partitions
from engine.storage.postgres import connect_postgres
from engine.worker.publish import settle
from tests.live_world import World
from tests.servers.postgres import Postgres


def erase(world: World, customer: str) -> None:
    with world.connect("tests") as connection:
        stores = Stores(connection, world.redis, None, world.vault, "customer_id")
        erasure = Erasure(stores, lambda upto: settle(connection, world.redis, upto, world.vault))
        assert erasure.erase(customer, world.now_ms).done


def build(world: World, members: tuple[str, ...]) -> tuple[str, ...]:
    """Register a segment that asks a list of these members; those that are kept."""
    program = replace(
        world.program,
        segments={"listed": InList("some")},
        lists={"some": members},
    )
    with world.connect("tests") as connection:
        with connection.transaction():
            lock_partitions(connection, range(PARTITIONS))
            activate_unfilled(connection, {"listed": definition_of(program, "listed")}, world.vault)
        (found,) = read_registry(connection, world.vault).active["listed"].lists.values()
    return tuple(found)


def test_a_list_of_many_loses_the_erased_and_touches_no_other_row(live_world: World) -> None:
    members = tuple(f"c-{number:06}" for number in range(30_000))
    assert build(live_world, members) == members
    with live_world.connect("tests") as connection:
        before = connection.execute("SELECT xmin, profile FROM list_member ORDER BY profile").fetchall()
    erase(live_world, members[17])
    with live_world.connect("tests") as connection:
        after = connection.execute("SELECT xmin, profile FROM list_member ORDER BY profile").fetchall()
        listed = read_registry(connection, live_world.vault).active["listed"].lists
    assert after == [row for row in before if row[1] != members[17]]
    assert [len(each) for each in listed.values()] == [len(members) - 1]


def test_somebody_who_was_erased_does_not_come_back_by_a_list_that_still_names_them(live_world: World) -> None:
    erase(live_world, "c-1")
    assert build(live_world, ("c-2", "c-1", "c-3", "c-2")) == ("c-2", "c-3")


def test_lists_that_were_kept_as_one_value_become_rows(
    postgres_wheel: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_wheel.connect(autocommit=True) as connection:
        connection.execute("CREATE DATABASE of_before")
    url = postgres_wheel.url.replace("/postgres?", "/of_before?")
    try:
        with connect_postgres(url, autocommit=True) as connection:
            with monkeypatch.context() as patch:
                patch.setattr(migrating, "migrations", lambda: migrations()[:1])
                migrate(connection)
            connection.execute("INSERT INTO member_list VALUES ('a@1', '[\"c-2\", \"c-1\", \"c-2\"]'), ('b@1', '[]')")
            migrate(connection)
            assert connection.execute("SELECT * FROM member_list ORDER BY name").fetchall() == [("a@1",), ("b@1",)]
            rows = connection.execute("SELECT * FROM list_member ORDER BY list, profile").fetchall()
            assert rows == [("a@1", "c-1"), ("a@1", "c-2")]
    finally:
        with postgres_wheel.connect(autocommit=True) as connection:
            connection.execute("DROP DATABASE of_before WITH (FORCE)")
