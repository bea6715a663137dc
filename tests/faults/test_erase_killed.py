"""Wherever `decisor erase` is killed, a running worker ends it: nothing is left in any store."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from engine.erasure import stage
from engine.erasure.erasure import alone, pending
from engine.erasure.index_places import Indices
from engine.erasure.place import Stores
from engine.profiles.suppression import Suppressed
from tests.integration.test_erase import PERSON, erasure_of, fill, left_of, notices
from tests.live_world import World
from tests.sealed_world import events
from tests.servers.redis_servers import RedisServer
from tests.waiting import PATIENCE, until

DOOMED = Path(__file__).with_name("doomed_erase.py")
ROOT = Path(__file__).parents[2]
PLACES = ["EventQueue", "TransitionStreams", "Memberships", "Keys", "Due", "Indices"]
POINTS = ["begin:after", "settle:after", *(f"{place}:after" for place in PLACES), "end:before", "end:after"]


@pytest.fixture
def shop_with_person(sealed_world: World, elasticsearch: Elasticsearch) -> Iterator[World]:
    """The shop with encrypted fields and an index, and something of the person in every place."""
    world = sealed_world
    world.elasticsearch = elasticsearch
    fill(world)
    yield world
    for name in elasticsearch.indices.get(index=f"{world.alias}-*"):
        elasticsearch.indices.delete(index=name)


def killed(world: World, redis_url: str, url: str, key_file: Path, point: str) -> int:
    """The exit code of an erasure that is killed there."""
    environment = {
        "PYTHONPATH": str(ROOT),
        "PATH": os.environ["PATH"],
        "DECISOR_POSTGRES_URL": world.postgres,
        "DECISOR_REDIS_URL": redis_url,
        "DECISOR_ELASTICSEARCH_URL": url,
        "DECISOR_INDEX_ALIAS": world.alias,
        "DECISOR_KEYS_FILE": str(key_file),
    }
    command = [sys.executable, str(DOOMED), PERSON, point]
    return subprocess.run(command, cwd=key_file.parent, env=environment, check=False, timeout=PATIENCE).returncode


@contextmanager
def workers(world: World, count: int = 1) -> Iterator[None]:
    """Workers that run until the end, and nothing else does."""
    found = [world.process() for _ in range(count)]
    threads = [threading.Thread(target=each.run) for each in found]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for each in found:
            each.stop()
        for thread in threads:
            thread.join()


def is_open(world: World) -> bool:
    with world.connect("tests") as connection:
        return bool(pending(connection))


def documents(world: World) -> int:
    with world.connect("tests") as connection:
        stores = Stores(connection, None, world.elasticsearch, world.vault, "customer_id", world.alias)
        return Indices(stores).count(PERSON)


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_ends_what_a_killed_erasure_has_begun(
    point: str, shop_with_person: World, valkey: RedisServer, elasticsearch_url: str, key_file: Path
) -> None:
    assert documents(shop_with_person) == 1
    assert killed(shop_with_person, valkey.url, elasticsearch_url, key_file, point) == -signal.SIGKILL
    assert is_open(shop_with_person) == (point != "end:after")
    with workers(shop_with_person):
        until(lambda: not is_open(shop_with_person))
    assert not left_of(shop_with_person)
    assert documents(shop_with_person) == 0
    assert notices(shop_with_person) == [("ada", "exit", 2), ("known", "exit", 2)]
    shop_with_person.oracle.forget(PERSON)
    shop_with_person.drain()
    shop_with_person.check()


def test_an_erasure_that_was_killed_before_it_had_begun_has_not_happened(
    shop_with_person: World, valkey: RedisServer, elasticsearch_url: str, key_file: Path
) -> None:
    assert killed(shop_with_person, valkey.url, elasticsearch_url, key_file, "begin:before") == -signal.SIGKILL
    with shop_with_person.connect("tests") as connection:
        assert not Suppressed()(connection, [PERSON])
    assert not is_open(shop_with_person)
    assert PERSON in shop_with_person.members("known")


def test_workers_and_erasures_of_the_same_customers_do_not_disturb_each_other(shop_with_person: World) -> None:
    customers = [PERSON, *(f"c-{number}" for number in range(30))]
    shop_with_person.put(events(range(30)))
    shop_with_person.drain()
    with shop_with_person.connect("tests") as connection:
        for customer in customers:
            assert (
                not erasure_of(shop_with_person, connection, redis=None).erase(customer, shop_with_person.now_ms).done
            )
        assert set(pending(connection)) == set(customers)
    with workers(shop_with_person, 3), shop_with_person.connect("tests") as connection:
        erasure = erasure_of(
            shop_with_person,
            connection,
            elasticsearch=shop_with_person.elasticsearch,
            index_alias=shop_with_person.alias,
        )
        shop_with_person.put(events(range(40, 60)))
        for customer in customers[:10]:
            assert erasure.erase(customer, shop_with_person.now_ms).done
        until(lambda: not is_open(shop_with_person))
    for customer in customers:
        shop_with_person.oracle.forget(customer)
    assert not left_of(shop_with_person)
    shop_with_person.drain()
    shop_with_person.check()
    assert {name for name, *_ in notices(shop_with_person)} == {"ada", "known"}


def test_without_the_index_an_erasure_stays_open_and_all_else_goes(
    shop_with_person: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stage, "LONGEST_PAUSE", 0.5)
    client, shop_with_person.elasticsearch = (
        shop_with_person.elasticsearch,
        Elasticsearch("http://127.0.0.1:9", request_timeout=1),
    )
    with shop_with_person.connect("tests") as connection:
        assert not erasure_of(shop_with_person, connection, redis=None).erase(PERSON, shop_with_person.now_ms).done

    def told() -> list[str]:
        return [each.message for each in caplog.records if each.name == "decisor.erase"]

    with workers(shop_with_person):
        shop_with_person.put(events([70]))
        until(
            lambda: (
                bool(told()) and not left_but_the_end(shop_with_person) and "c-70" in shop_with_person.members("known")
            )
        )
    assert is_open(shop_with_person)
    assert PERSON not in caplog.text
    assert told() == ["an erasure is still open: ConnectionError"]
    shop_with_person.elasticsearch = client
    with workers(shop_with_person):
        until(lambda: not is_open(shop_with_person))
    assert documents(shop_with_person) == 0
    assert not left_of(shop_with_person)


def left_but_the_end(world: World) -> list[tuple[str, str]]:
    """What is left of the person besides the rows that go with the end of the erasure."""
    return [each for each in left_of(world) if each[0] not in {"transition", "outbox"}]


def test_draining_ends_what_is_open(shop_with_person: World) -> None:
    with shop_with_person.connect("tests") as connection:
        assert not erasure_of(shop_with_person, connection, redis=None).erase(PERSON, shop_with_person.now_ms).done
    shop_with_person.oracle.forget(PERSON)
    shop_with_person.drain()
    assert not is_open(shop_with_person)
    assert not left_of(shop_with_person)
    shop_with_person.check()


def test_an_erasure_that_somebody_is_at_is_left_to_them(shop_with_person: World) -> None:
    with shop_with_person.connect("tests") as connection:
        assert not erasure_of(shop_with_person, connection, redis=None).erase(PERSON, shop_with_person.now_ms).done
        with alone(connection, PERSON) as is_alone:
            assert is_alone
            shop_with_person.drain()
            assert is_open(shop_with_person)
        shop_with_person.drain()
        assert not is_open(shop_with_person)
