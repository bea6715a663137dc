"""An event that cannot be worked on is put aside and the rest is kept; a Redis that takes nothing is waited for."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from redis.exceptions import RedisError

from engine.encryption.vault import OpenVault, Value
from engine.ir.instant import format_instant
from engine.ir.program import Program
from engine.profiles.ingest import EventProducer
from engine.runtime.border import UNNAMED
from engine.segments.registry import put_catalogue
from engine.worker import loop as worker_module
from engine.worker.arrivals import Letter, read_arrival
from engine.worker.loop import UNSTORABLE
from engine.worker.step import Work
from engine.worker.transaction import OtherCatalogueError, Processor
from tests.faults.test_workers_together import settled, working
from tests.live_world import World, random_events
from tests.servers.faults import PrivateRedis
from tests.servers.postgres import Database
from tests.waiting import until

CUSTOMERS = [f"c-{number}" for number in range(30)]
SECRET = "Rumpelstiltskin"  # noqa: S105 - stands for a personal value


def poison(number: int, customer: str, now_ms: int) -> dict[str, Any]:
    return {
        "id": f"poison-{number}",
        "type": "visit",
        "customer_id": customer,
        "time": format_instant(now_ms),
        "data": {"page": SECRET},
    }


def put_mixed(world: World, poisonous: Sequence[dict[str, Any]]) -> None:
    """Good events with some among them that are not, of which the oracle knows nothing."""
    good = random_events(random.Random(11), world.now_ms, CUSTOMERS, 150)
    good = [each for each in good if each["time"] <= format_instant(world.now_ms)]
    producer = EventProducer(world.redis, "customer_id")
    for start in range(0, len(good), 10):
        world.put(good[start : start + 10])
        producer.put(poisonous[start // 10 : start // 10 + 1])


def check_put_aside(world: World, poisonous: Sequence[dict[str, Any]], log: pytest.LogCaptureFixture) -> None:
    """The poison is among the dead letters, each event once, everything else is as it must be, no value is told."""
    with world.connect("tests") as connection:
        rows = connection.execute("SELECT code, profile, reason, payload FROM dead_letter ORDER BY id").fetchall()
    failed = [row for row in rows if row[0] == "failed"]
    assert sorted(bytes(row[3]).decode().split('"')[3] for row in failed) == sorted(each["id"] for each in poisonous)
    assert not [row for row in failed if SECRET in row[2] or SECRET in log.text]
    world.check()
    world.check_transitions()


class Picky(OpenVault):
    """A vault that cannot seal what is poisonous."""

    def seal_events(self, connection: psycopg.Connection, events: Sequence[tuple[str, Value]]) -> list[Value]:
        for _, event in events:
            if event["data"].get("page") == SECRET:
                raise ValueError(f"cannot seal {SECRET}")
        return super().seal_events(connection, events)


def test_an_event_on_which_the_code_fails_is_put_aside(live_world: World, caplog: pytest.LogCaptureFixture) -> None:
    world = replace(live_world, vault=Picky())
    poisonous = [poison(number, CUSTOMERS[number], world.now_ms) for number in range(7)]
    put_mixed(world, poisonous)
    assert world.drain().dead == len(poisonous)
    check_put_aside(world, poisonous, caplog)


class Stubborn(OpenVault):
    """A vault that cannot seal some customer's profile, while it is told not to."""

    def __init__(self) -> None:
        self.refused: str | None = None

    def seal_values(self, connection: psycopg.Connection, values: Mapping[str, Value]) -> dict[str, Value]:
        if self.refused in values:
            raise ValueError(f"cannot seal {SECRET}")
        return super().open_values(connection, values)


def test_a_customer_on_whom_the_code_fails_holds_nobody_up_when_time_passes(
    live_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    vault = Stubborn()
    world = replace(live_world, vault=vault)
    world.put(random_events(random.Random(12), world.now_ms, CUSTOMERS, 150))
    world.drain()
    vault.refused = "c-7"
    world.pass_time(7 * 86_400_000)
    others = set(world.oracle.events) - {"c-7"}
    for name in world.program.segments:
        assert world.members(name) & others == world.oracle.members(name, world.now_ms) & others
    assert "could not be processed" in caplog.text
    assert SECRET not in caplog.text
    vault.refused = None
    world.pass_time(60_000)
    world.check()
    world.check_transitions()


@pytest.mark.parametrize(
    "table, condition",
    [
        ("event", "new.id LIKE 'poison%'"),
        ("event_id", "new.id LIKE 'poison%'"),
        ("profile", "EXISTS (SELECT FROM event WHERE profile = new.profile AND id LIKE 'poison%')"),
        ("outbox", "EXISTS (SELECT FROM event WHERE profile = new.profile AND id LIKE 'poison%')"),
        ("transition", "new.cause LIKE 'poison%'"),
    ],
)
def test_an_event_that_the_database_refuses_is_put_aside(
    table: str, condition: str, live_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world = live_world
    with world.connect("tests") as connection:
        connection.execute(
            f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN"
            f" RAISE EXCEPTION 'refused: {SECRET}'; END IF; RETURN new; END $$".encode()
        )
        connection.execute(
            f"CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()".encode()
        )
    # For the sake of `outbox` and `transition` these customers are new, so that something changes of them.
    poisonous = [poison(number, f"new-{number}", world.now_ms) for number in range(5)]
    put_mixed(world, poisonous)
    assert world.drain().dead >= len(poisonous)
    check_put_aside(world, poisonous, caplog)


def test_a_customer_with_events_of_a_type_that_is_no_longer_declared_lives_on(live_world: World) -> None:
    world = live_world
    put_mixed(world, [])
    world.drain()
    catalogue = world.program.catalogue
    fewer = replace(catalogue, events=tuple(each for each in catalogue.events if each.name != "visit"))
    with world.connect("tests") as connection:
        put_catalogue(connection, fewer)
    tally = world.drain()
    assert tally.dead == 0
    event = {**poison(1, CUSTOMERS[0], world.now_ms), "type": "purchase", "data": {"amount": 500.0}}
    world.put([event])
    assert world.drain().kept == 1
    assert CUSTOMERS[0] in world.members("spenders")
    world.pass_time(86_400_000)
    assert world.oracle.members("spenders", world.now_ms) == world.members("spenders")


@pytest.mark.parametrize("name", ["valkey", "redis_7", "redis_6"])
@pytest.mark.parametrize(
    "trouble, end",
    [
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
        (("CONFIG", "SET", "min-replicas-to-write", "1"), ("CONFIG", "SET", "min-replicas-to-write", "0")),
    ],
    ids=["OOM", "READONLY", "NOREPLICAS"],
)
def test_a_redis_that_refuses_to_write_is_waited_for(
    name: str,
    trouble: tuple[str, ...],
    end: tuple[str, ...],
    shop: Program,
    wheel_database: Database,
) -> None:
    with PrivateRedis(name) as server:
        from engine.storage.redis_client import connect_redis

        client: Any = connect_redis(server.url)
        world = World(wheel_database.url, client, shop)
        put_mixed(world, [])
        client.execute_command(*trouble)
        with pytest.raises(RedisError):
            EventProducer(client, "customer_id").put([poison(1, "c-1", world.now_ms)])
        dead = 0
        with working(world) as worker:
            time.sleep(1.5)
            assert not settled(world)
            client.execute_command(*end)
            world.put([poison(1, "c-1", world.now_ms)])
            until(lambda: settled(world))
            assert worker.tally.dead == dead
        world.check()
        world.check_transitions()
        client.close()


def test_the_log_of_an_outage_holds_no_value(
    shop: Program, wheel_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with PrivateRedis() as server:
        from engine.storage.redis_client import connect_redis

        client: Any = connect_redis(server.url)
        world = World(wheel_database.url, client, shop)
        event = poison(1, SECRET, world.now_ms)
        world.put([event])
        client.execute_command("CONFIG", "SET", "maxmemory", "1")
        with caplog.at_level(logging.INFO), working(world):
            until(lambda: "waiting for it: Redis: OutOfMemoryError" in caplog.text)
            client.execute_command("CONFIG", "SET", "maxmemory", "0")
            until(lambda: settled(world))
        assert SECRET not in caplog.text
        client.close()


@pytest.mark.parametrize("name", ["\0", "\ud800x", "\u202e", "ada@example.com", "x" * 100])
@pytest.mark.parametrize("below", [False, True])
def test_a_member_without_a_name_keeps_nobody_up_and_is_not_repeated(
    name: str, live_world: World, *, below: bool
) -> None:
    world = live_world
    strange = poison(1, "c-1", world.now_ms)
    (strange["data"] if below else strange)[name] = 1
    put_mixed(world, [])
    EventProducer(world.redis, "customer_id").put([json.dumps(strange).encode()])
    put_mixed(world, [])
    assert world.drain().dead == 1
    with world.connect("tests") as connection:
        (reason,) = connection.execute("SELECT reason FROM dead_letter WHERE code = 'broken'").fetchall()
    assert name not in reason[0]
    assert UNNAMED in reason[0]


def test_a_letter_that_cannot_be_kept_is_kept_without_its_reason(
    live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = live_world
    real = read_arrival

    def read(border: Any, key: str, source: tuple[int, str], fields: Any, now_ms: int, *, names: bool) -> Any:
        found = real(border, key, source, fields, now_ms, names=names)
        return replace(found, reason="\0") if isinstance(found, Letter) else found

    monkeypatch.setattr(worker_module, "read_arrival", read)
    strange = [{**poison(number, f"c-{number}", world.now_ms), "more": 1} for number in range(3)]
    put_mixed(world, strange)
    assert world.drain().dead == 3
    with world.connect("tests") as connection:
        rows = connection.execute("SELECT code, profile, reason, payload FROM dead_letter ORDER BY id").fetchall()
    assert {row[:3] for row in rows} == {("broken", None, UNSTORABLE)}
    assert sorted(json.loads(bytes(row[3]))["id"] for row in rows) == ["poison-0", "poison-1", "poison-2"]
    world.check()


def test_a_database_that_is_not_as_it_should_be_makes_no_dead_letters(
    live_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world = live_world
    with world.connect("tests") as connection:
        connection.execute("ALTER TABLE override RENAME COLUMN included TO put_in")
        put_mixed(world, [])
        with working(world) as worker:
            until(lambda: "UndefinedColumn" in caplog.text)
            connection.execute("ALTER TABLE override RENAME COLUMN put_in TO included")
            until(lambda: settled(world))
            assert worker.tally.dead == 0
    world.check()


def test_what_was_committed_before_another_catalogue_came_is_not_read_again(
    live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = live_world
    world.put([poison(0, "c-0", world.now_ms)])
    world.drain()
    real, seen = Processor.process, list[str]()

    def process(self: Processor, work: Work, now_ms: int) -> Any:
        ids = [each.event["id"] for each in work.arrivals]
        if len(ids) > 1:
            raise ValueError("more than one at once")
        if ids and ids[0] not in seen:
            seen.append(ids[0])
            raise ValueError("this one") if len(seen) == 1 else OtherCatalogueError
        return real(self, work, now_ms)

    monkeypatch.setattr(Processor, "process", process)
    EventProducer(world.redis, "customer_id").put(poison(number, "c-0", world.now_ms) for number in (1, 2))
    tally = world.drain()
    assert (tally.kept, tally.dead, tally.duplicates) == (1, 1, 0)
    with world.connect("tests") as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (2,)
