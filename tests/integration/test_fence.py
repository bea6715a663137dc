"""Transactions behind a fence, on every single server: all or nothing, and nothing where a cursor has moved."""

from __future__ import annotations

from typing import Any

import pytest
from redis import RedisError, WatchError
from redis.exceptions import OutOfMemoryError

from engine.worker.fence import Fence
from tests.servers.redis_servers import RedisServer


@pytest.fixture
def other(redis_empty: RedisServer) -> Any:
    """Somebody else's client."""
    return redis_empty.connect()


@pytest.fixture
def fence(redis_empty: RedisServer) -> Any:
    fence = Fence(redis_empty.connect())
    yield fence
    fence.close()


def test_what_is_sent_is_answered_in_order(fence: Fence, other: Any) -> None:
    assert fence.transact({"cursor": -1}, [("SADD", "a", "x", "y"), ("SET", "cursor", 1)]) == [2, b"OK"]
    assert fence.transact({"cursor": 1}, [("SCARD", "a"), ("SET", "cursor", 2), ("INCR", "a")])[:2] == [2, b"OK"]
    assert other.get("cursor") == b"2"


def test_an_error_of_one_command_is_among_the_answers(fence: Fence) -> None:
    answers = fence.transact({}, [("SADD", "a", "x"), ("INCR", "a"), ("SADD", "a", "y")])
    assert [isinstance(each, RedisError) for each in answers] == [False, True, False]


def test_nothing_happens_where_a_cursor_is_not_where_it_was_known_to_be(fence: Fence, other: Any) -> None:
    with pytest.raises(WatchError):
        fence.transact({"cursor": 5}, [("SET", "done", 1)])
    fence.transact({"cursor": -1}, [("SET", "cursor", 1)])
    other.set("cursor", 7)
    with pytest.raises(WatchError):
        fence.transact({"cursor": 1}, [("SET", "done", 1)])
    assert other.get("done") is None
    assert fence.transact({"cursor": 7}, [("SET", "done", 1)]) == [b"OK"]


def test_another_cursor_that_moves_is_no_obstacle(fence: Fence, other: Any) -> None:
    fence.transact({"mine": -1, "another": -1}, [("SET", "mine", 1)])
    other.set("another", 1)
    assert fence.transact({"mine": 1}, [("INCR", "count"), ("SET", "mine", 2)]) == [1, b"OK"]
    other.set("another", 2)
    fence.forget("another")
    assert fence.transact({"mine": 2}, [("INCR", "count")]) == [2]


def test_a_connection_that_the_server_has_closed_is_opened_anew(fence: Fence, other: Any) -> None:
    fence.transact({"cursor": -1}, [("SET", "cursor", 1)])
    own = other.client_id()
    for each in other.client_list():
        if int(each["id"]) != own:
            other.client_kill_filter(_id=each["id"])
    assert fence.transact({"cursor": 1}, [("SET", "cursor", 2)]) == [b"OK"]


def test_a_refused_command_refuses_all(fence: Fence, other: Any) -> None:
    fence.transact({"cursor": -1}, [("SET", "cursor", 1)])
    other.config_set("maxmemory", 1)
    try:
        with pytest.raises(OutOfMemoryError):
            fence.transact({"cursor": 1}, [("DEL", "cursor"), ("SET", "cursor", 2)])
    finally:
        other.config_set("maxmemory", 0)
    assert other.get("cursor") == b"1"
    assert fence.transact({"cursor": 1}, [("SET", "cursor", 2)]) == [b"OK"]


def test_a_closed_fence_holds_no_connection(redis_empty: RedisServer, other: Any) -> None:
    fence = Fence(redis_empty.connect())
    before = len(other.client_list())
    for _ in range(3):
        fence.transact({"cursor": -1}, [("GET", "cursor")])
        fence.close()
    assert len(other.client_list()) <= before
