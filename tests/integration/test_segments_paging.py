"""Pages of exactly so many members."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.segments.paging import Cursor, cursor_of, read_page
from engine.storage import keys
from tests.servers.redis_servers import RedisServer


@pytest.fixture
def redis(valkey_empty: RedisServer) -> Iterator[Any]:
    client = valkey_empty.connect()
    yield client
    client.close()


def filled(redis: Any, size: int) -> set[str]:
    names = {f"c-{number}" for number in range(size)}
    if names:
        redis.sadd(keys.members("paged"), *names)
    return names


def pages(redis: Any, limit: int, cursor: Cursor | None = None) -> list[list[str]]:
    found: list[list[str]] = []
    cursor = cursor or Cursor()
    while cursor is not None:
        following, members = read_page(redis, "paged", cursor, limit)
        found.append(members)
        cursor = None if following is None else cursor_of(str(following))
    return found


@pytest.mark.parametrize("size", [0, 1, 14, 100, 3_000])
@pytest.mark.parametrize("limit", [1, 3, 7, 1_500])
def test_every_page_but_the_last_has_so_many_and_all_are_given_once(redis: Any, size: int, limit: int) -> None:
    names = filled(redis, size)
    found = pages(redis, limit)
    assert all(len(each) == limit for each in found[:-1])
    assert len(found[-1]) <= limit
    given = [member for each in found for member in each]
    assert len(given) == size
    assert set(given) == names


@pytest.mark.parametrize("size", [14, 3_000])
def test_nobody_who_stays_is_passed_over_where_others_come_and_go(redis: Any, size: int) -> None:
    names = filled(redis, size)
    given: set[str] = set()
    stayed = set(names)
    cursor: Cursor | None = Cursor()
    number = 0
    while cursor is not None:
        cursor, members = read_page(redis, "paged", cursor, 5)
        given |= set(members)
        for member in members[:2]:
            redis.srem(keys.members("paged"), member)
            stayed.discard(member)
        if number < 10 * size:
            redis.sadd(keys.members("paged"), f"new-{number}")
        number += 1
    assert stayed <= given


@pytest.mark.parametrize("text", ["", "-1", "x", "1-2", "1-2-3-xyz"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="an earlier page"):
        cursor_of(text)
