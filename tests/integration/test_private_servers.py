"""Servers that tests kill, freeze and starve: what they have been given survives."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
import redis

from tests.servers.faults import Private, PrivatePostgres, PrivateRedis
from tests.servers.redis_servers import NAMES
from tests.waiting import PATIENCE, until


def redis_of(server: Private, patience: float = PATIENCE) -> Any:
    return redis.Redis.from_url(server.url, socket_timeout=patience, protocol=2)


@pytest.mark.parametrize("name", NAMES)
def test_redis_keeps_what_it_took_through_kill_and_restart(name: str) -> None:
    with PrivateRedis(name) as server:
        client = redis_of(server)
        for number in range(500):
            client.rpush("list", number)
        server.kill()
        with pytest.raises(redis.ConnectionError):
            client.ping()
        server.restart()
        assert client.llen("list") == 500
        server.lose()
        server.start()
        assert client.dbsize() == 0
        client.close()


@pytest.mark.parametrize("name", NAMES)
def test_redis_that_is_frozen_answers_when_it_goes_on(name: str) -> None:
    with PrivateRedis(name) as server:
        impatient, client = redis_of(server, 0.2), redis_of(server)
        server.pause()
        with pytest.raises(redis.TimeoutError):
            impatient.ping()
        server.resume()
        assert client.ping()
        impatient.close()
        client.close()


@pytest.mark.parametrize("name", NAMES)
def test_redis_without_disk_refuses_to_write_and_recovers(name: str) -> None:
    with PrivateRedis(name) as server:
        client = redis_of(server)
        client.set("before", "1")
        server.fill_disk()
        with pytest.raises(redis.ResponseError, match="MISCONF"):
            until_it_fails(lambda: client.set("key", "x" * 1000))
        assert client.get("before") == b"1"
        server.free_disk()
        until(lambda: accepted(client))
        client.close()


def until_it_fails(act: Callable[[], object]) -> None:
    """Act again and again, until that raises something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        act()
        time.sleep(0.01)


def accepted(client: Any) -> bool:
    try:
        return bool(client.set("key", "y"))
    except redis.ResponseError:
        return False


def test_postgres_keeps_what_it_committed_through_kill_and_restart() -> None:
    with PrivatePostgres() as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE number (n int)")
            for number in range(200):
                connection.execute("INSERT INTO number VALUES (%s)", (number,))
            server.kill()
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        server.restart()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT count(*) FROM number").fetchone() == (200,)
        server.restart()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT count(*) FROM number").fetchone() == (200,)


def test_postgres_that_is_frozen_answers_when_it_goes_on() -> None:
    with PrivatePostgres() as server, psycopg.connect(server.url) as connection:
        server.pause()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.url, connect_timeout=2)
        server.resume()
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_postgres_without_disk_loses_nothing_that_it_committed() -> None:
    with PrivatePostgres() as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE text (t text)")
            connection.execute("INSERT INTO text VALUES ('kept')")
            server.fill_disk()
            with pytest.raises(psycopg.Error):
                until_it_fails(lambda: connection.execute("INSERT INTO text VALUES (repeat('x', 100000))"))
        server.kill()  # it may have ended by itself: without a log it must not go on
        server.restart()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT count(*) FROM text WHERE t = 'kept'").fetchone() == (1,)
