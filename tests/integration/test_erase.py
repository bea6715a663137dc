from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis as redis_library
from elasticsearch import ConflictError, Elasticsearch
from redis.backoff import NoBackoff
from redis.retry import Retry

from engine.encryption.keyring import keyring_of_file
from engine.encryption.sealed_vault import SealedVault
from engine.erasure.erasure import Erasure, Report, pending
from engine.erasure.place import Place, Stage, Stores
from engine.erasure.places import places_of
from engine.index.names import create_index
from engine.ir.instant import format_instant
from engine.ir.program import Program
from engine.profiles.suppression import Suppressed
from engine.storage import keys
from engine.storage.partitions import partition_of
from engine.worker.publish import settle
from tests.live_world import START, World
from tests.sealed_world import events, kept_in_postgres, kept_in_redis
from tests.servers.postgres import Database
from tests.servers.redis_servers import RedisServer

PERSON = "märta 'the' person"
NAMES = [PERSON, json.dumps(PERSON)[1:-1]]


@pytest.fixture
def sealed_world_anywhere(
    sealed_program: Program, postgres_database: Database, redis_any: RedisServer, key_file: Path
) -> Iterator[World]:
    """The shop with encrypted fields on each PostgreSQL with each Redis, the Cluster included, in turn."""
    redis = redis_any.connect()
    vault = SealedVault(sealed_program.catalogue, keyring_of_file(key_file))
    yield World(postgres_database.url, redis, sealed_program, vault)
    redis.close()


def of_person(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**each, "customer_id": PERSON, "id": f"{each['id']} of the person"} for each in found]


def fill(world: World) -> None:
    """Give the person something in every place."""
    person = of_person(events([1]))
    again = {**person[0], "data": {"mail": "other@plain.example"}}
    broken = {**person[0], "time": "never"}
    future = {**person[0], "id": "later", "time": format_instant(world.now_ms + 86_400_000)}
    cut = json.dumps({**person[0], "id": "cut"}, ensure_ascii=False).encode()[:-2]
    world.put([*events(range(3)), *person, again, broken, future])
    world.redis.xadd(keys.events_stream(3), {"e": cut})
    world.drain()
    world.redis.xadd(keys.events_stream(0), {"e": json.dumps({**person[1], "id": "waits"})})
    world.redis.sadd("segment:stored", PERSON, "c-1")
    world.redis.sadd("{segment:known}:next", PERSON)
    world.redis.set("{segment:known}:switched", 5)
    with world.connect("tests") as connection:
        for statement in (
            "INSERT INTO override VALUES ('ada', %s, true, 'asked for', now(), NULL)",
            "INSERT INTO live_verdict VALUES ('ada', %s, true)",
            "INSERT INTO staged_transition VALUES ('ada', 1, %s, true, now(), 'definition', 'sha256:0', false)",
            "INSERT INTO list_member VALUES ('picked@1', 'c-1'), ('picked@1', %s)",
        ):
            connection.execute(statement.encode(), (PERSON,))


def erasure_of(world: World, connection: Any, **stores: Any) -> Erasure:
    found = Stores(connection, world.redis, None, world.vault, "customer_id")
    return Erasure(replace(found, **stores), lambda upto: settle(connection, world.redis, upto, world.vault))


def erase(world: World, customer: str = PERSON) -> Report:
    with world.connect("tests") as connection:
        report = erasure_of(world, connection).erase(customer, world.now_ms)
    world.oracle.forget(customer)
    return report


def left_of(world: World, words: list[str] = NAMES) -> list[tuple[str, str]]:
    """What is kept of the person, without the notices of the erasure."""
    with world.connect("tests") as connection:
        kept = [*kept_in_postgres(connection)]
    redis = world.redis
    for partition in range(16):
        for _, fields in redis.xrange(keys.transitions_stream(partition)):
            if fields[b"reason"] != b"erasure":
                kept.append((keys.transitions_stream(partition), repr({**fields}) + fields[b"customer"].decode()))
    kept += [(name, text) for name, text in kept_in_redis(redis) if not name.startswith("decisor:transitions")]
    coded = [*words, *(repr(word.encode())[2:-1] for word in words)]
    return [(place, text) for place, text in kept if any(word in text for word in coded)]


def notices(world: World) -> list[tuple[str, str, int]]:
    """The exits that consumers are told of the person: segment, change, number."""
    return sorted(
        (fields[b"segment"].decode(), fields[b"change"].decode(), int(fields[b"number"]))
        for partition in range(16)
        for _, fields in world.redis.xrange(keys.transitions_stream(partition))
        if fields[b"customer"] == PERSON.encode()
    )


def test_a_person_is_gone_everywhere_and_consumers_are_told(sealed_world_anywhere: World) -> None:
    world = sealed_world_anywhere
    fill(world)
    assert notices(world) == [("known", "enter", 1)]
    report = erase(world)
    assert report.done, report
    before = {row.place: row.before for row in report.rows}
    assert all(before.values()), f"the test leaves places out: {before}"
    assert all(row.after == 0 for row in report.rows)
    assert not left_of(world)
    assert notices(world) == [("ada", "exit", 2), ("known", "exit", 2)]
    assert world.redis.smembers("segment:stored") == {b"c-1"}
    world.drain()
    world.check()
    again = erase(world)
    assert again.done
    assert not [row for row in again.rows if row.before]


def test_every_table_that_names_a_customer_is_a_place(sealed_world: World) -> None:
    with sealed_world.connect("tests") as connection:
        rows = connection.execute(
            "SELECT DISTINCT coalesce(parent.relname, own.relname) FROM information_schema.columns"
            " JOIN pg_class AS own ON own.oid = format('decisor.%I', table_name)::regclass"
            " LEFT JOIN pg_inherits ON inhrelid = own.oid LEFT JOIN pg_class AS parent ON parent.oid = inhparent"
            " WHERE table_schema = 'decisor' AND column_name IN ('profile', 'customer')"
        ).fetchall()
        stores = Stores(connection, sealed_world.redis, None, sealed_world.vault, "customer_id")
        assert {row[0] for row in rows} <= {place.name for place in places_of(stores)}


def test_late_events_bring_nobody_back(sealed_world: World) -> None:
    world = sealed_world
    fill(world)
    assert erase(world).done
    late = of_person(events([1], turn="-late"))
    cases = [*late, {**late[0], "time": "never", "id": "x"}, {**late[0], "time": "2027-01-01T00:00:00Z", "id": "y"}]
    decomposed = {**late[1], "id": "nfd", "customer_id": "ma\u0308rta 'the' person"}
    world.put([*cases, decomposed, {**decomposed, "time": 5}, *events([7])])
    worker = world.worker()
    worker.run(drain=True)
    assert worker.tally.suppressed == len(cases) + 2
    assert worker.tally.dead == 0
    assert not left_of(world)
    world.check()
    assert world.members("known") == {"c-0", "c-1", "c-2", "c-7"}
    with world.connect("tests") as connection:
        assert Suppressed()(connection, ["c-1", PERSON]) == {PERSON}
        suppressed = Suppressed()
        assert suppressed(connection, []) == set()
        assert [suppressed(connection, {PERSON, "c-1"}) for _ in range(2)] == [{PERSON}] * 2


def test_nobody_is_suppressed_before_the_first_erasure(sealed_world: World) -> None:
    with sealed_world.connect("tests") as connection:
        suppressed = Suppressed()
        assert suppressed(connection, ["c-1"]) == set()
        assert erasure_of(sealed_world, connection).erase("c-1", START).done
        assert suppressed(connection, ["c-1"]) == {"c-1"}


def test_a_person_can_be_erased_while_their_events_stream_in(sealed_world: World) -> None:
    world = sealed_world
    world.put([*events(range(3)), *of_person(events([1]))])
    world.drain()
    worker = world.worker()
    thread = threading.Thread(target=worker.run)
    stopped = threading.Event()

    def stream() -> None:
        number = 0
        while not stopped.is_set():
            number += 1
            world.put([*of_person(events([1], turn=f"-{number}")), *events([1], turn=f"-o{number}")])

    source = threading.Thread(target=stream)
    thread.start()
    source.start()
    time.sleep(0.5)
    with world.connect("tests") as connection:
        report = erasure_of(world, connection).erase(PERSON, world.now_ms)
    time.sleep(0.2)
    stopped.set()
    source.join()
    worker.stop()
    thread.join()
    world.oracle.forget(PERSON)
    world.drain()
    assert not report.problems
    open_ones = {row.place for row in report.rows if row.after}
    assert open_ones <= {"decisor:events:*", "transition", "outbox"}, "events may be waiting again, and nothing else"
    assert erase(world).done
    assert not left_of(world)
    world.check()


def test_what_a_store_that_is_away_still_holds_goes_the_next_time(sealed_world: World) -> None:
    world = sealed_world
    fill(world)
    away: Any = redis_library.Redis(unix_socket_path="/nowhere/at/all", retry=Retry(NoBackoff(), 0))
    with world.connect("tests") as connection:
        stores = Stores(connection, away, None, world.vault, "customer_id")
        report = Erasure(stores, lambda upto: settle(connection, away, upto, world.vault)).erase(PERSON, START)
        assert not report.done
        assert [row.problem for row in report.rows if row.store == "Redis"] == ["ConnectionError"] * 5
        assert report.problems == ["what was committed does not reach Redis: ConnectionError"]
        rows = {row.place: row for row in report.rows}
        assert rows["event"].after == rows["profile"].after == 0
        assert rows["transition"].after
        assert pending(connection) == [PERSON]
        world.drain()
        assert not erasure_of(world, connection, redis=None).erase(PERSON, START).done
        assert erasure_of(world, connection).erase(PERSON, START).done
        assert pending(connection) == []
    assert not left_of(world)
    assert notices(world) == [("ada", "exit", 2), ("known", "exit", 2)]


class Failing:
    """A place that somebody adds, whose store fails at first."""

    store, name = "Somewhere", "features:{…}"
    stage: Stage = "outside"

    def __init__(self) -> None:
        self.failures = 1
        self.held = 3

    def count(self, customer: str) -> int:
        return self.held if customer == PERSON else 0

    def erase(self, customer: str) -> None:
        self.failures -= 1
        if self.failures >= 0:
            raise OSError(f"{customer} is not to be told")
        self.held = 0


def test_a_place_that_fails_keeps_the_erasure_open_and_its_words_to_itself(sealed_world: World) -> None:
    world = sealed_world
    fill(world)
    with world.connect("tests") as connection:
        stores = Stores(connection, world.redis, None, world.vault, "customer_id")
        place: Place = Failing()
        places = [*places_of(stores), place]
        erasure = Erasure(stores, lambda upto: settle(connection, world.redis, upto, world.vault), places)
        report = erasure.erase(PERSON, START)
        assert not report.done
        assert report.rows[-1].problem == "OSError"
        assert erasure.pending() == [PERSON]
        report = erasure.erase(PERSON, START)
        assert report.done
        assert (report.rows[-1].before, report.rows[-1].after) == (3, 0)


def test_an_erasure_stays_open_until_rebuilds_have_left_the_person_out(sealed_world: World) -> None:
    world = sealed_world
    fill(world)
    with world.connect("tests") as connection:
        connection.execute("UPDATE segment SET building_digest = 'sha256:0' WHERE name = 'known'")
        report = erasure_of(world, connection).erase(PERSON, START)
        assert not report.done
        assert "segments are being rebuilt (known)" in report.problems[0]
        assert pending(connection) == [PERSON]
        connection.execute("UPDATE segment SET building_digest = NULL")
        assert erasure_of(world, connection).erase(PERSON, START).done
    assert not left_of(world)


def test_every_index_loses_the_document_and_a_late_write_does_not_bring_it_back(
    sealed_world: World, elasticsearch: Elasticsearch
) -> None:
    world, client = sealed_world, elasticsearch
    alias = f"erase_{time.time_ns()}"
    indices = [create_index(client, world.program.catalogue, number, "previous", alias) for number in (1, 2)]
    for index in indices:
        for customer in (PERSON, "c-1"):
            body = {"customer_id": customer, "country": "DE"}
            client.index(index=index.name, id=customer, document=body, version=7, version_type="external")
    fill(world)
    with world.connect("tests") as connection:
        erasure = erasure_of(world, connection, elasticsearch=client, index_alias=alias)
        report = erasure.erase(PERSON, START)
        assert report.done, report
        assert [(row.before, row.after) for row in report.rows if row.store == "Elasticsearch"] == [(2, 0)]
        with pytest.raises(ConflictError):
            client.index(index=indices[0].name, id=PERSON, document={}, version=8, version_type="external")
        assert erasure.erase(PERSON, START).done
        assert client.count(index=[each.name for each in indices])["count"] == 2
        connection.execute("INSERT INTO follower VALUES ('index:x', 0, 0)")
        away = erasure_of(world, connection).erase(PERSON, START)
        assert not away.done
        assert "no Elasticsearch is known" in str([row.problem for row in away.rows])
    for index in indices:
        client.indices.delete(index=index.name)


def test_dead_rows_go_and_the_append_only_file_is_written_anew(sealed_world_anywhere: World) -> None:
    world = sealed_world_anywhere
    fill(world)
    with world.connect("tests") as connection:
        erasure = erasure_of(world, connection)
        assert erasure.erase(PERSON, world.now_ms).found
        primaries = world.redis.get_primaries() if hasattr(world.redis, "get_primaries") else [None]
        targets = [{} if node is None else {"target_nodes": node} for node in primaries]
        for target in targets:
            world.redis.config_set("appendonly", "yes", **target)
        try:
            before = [_rewrites(world.redis, target) for target in targets]
            assert erasure.let_go({partition_of(PERSON)}) == []
            assert all(_rewrites(world.redis, target) > old for target, old in zip(targets, before, strict=True))
        finally:
            for target in targets:
                world.redis.config_set("appendonly", "no", **target)
        row = connection.execute("SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = 'profile'").fetchone()
        assert row == (1,)


def _rewrites(redis: Any, target: dict[str, Any]) -> int:
    """How often the server was asked to write its append-only file anew, refused or not."""
    found = redis.info("commandstats", **target).get("cmdstat_bgrewriteaof", {"calls": 0})
    return int(found["calls"])
