"""The Redis servers that other tests rely on."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from engine.storage.locations import ServerUnreachableError
from engine.storage.redis_client import connect_redis
from tests.servers import redis_servers as servers
from tests.servers.redis_servers import RedisServer, version_of


def test_each_server_is_of_its_release(valkey: RedisServer, redis_7: RedisServer, redis_6: RedisServer) -> None:
    assert version_of(valkey) >= (7, 2)
    assert version_of(redis_7)[0] >= 7
    assert version_of(redis_6)[:2] == (6, 2)


@pytest.mark.parametrize("round_", [1, 2])
def test_server_is_empty_for_each_test(redis_any: RedisServer, round_: int) -> None:
    client: Any = redis_any.connect()
    assert [client.get(f"key{number}") for number in range(50)] == [None] * 50
    for number in range(50):
        client.set(f"key{number}", round_)
    client.close()


def test_commands_of_the_oldest_release_work_everywhere(redis_any: RedisServer) -> None:
    client: Any = redis_any.connect()
    client.xadd("{a}:stream", {"e": b"\x00\xff"}, id="5-1")
    assert client.xrange("{a}:stream") == [(b"5-1", {b"e": b"\x00\xff"})]
    client.sadd("{a}:next", "x", "y")
    assert client.rename("{a}:next", "a")
    assert client.smismember("a", ["x", "z"]) == [1, 0]
    client.close()


def test_slots_are_spread_over_three_nodes(redis_cluster_empty: RedisServer) -> None:
    client: Any = redis_cluster_empty.connect()
    assert len(client.get_primaries()) == 3
    for number in range(300):
        client.set(f"key{number}", number)
    sizes = client.dbsize(target_nodes="primaries")
    assert sizes == 300
    for node in client.get_primaries():
        assert client.dbsize(target_nodes=node) > 50
    client.close()


def test_single_client_of_a_cluster_and_the_reverse_are_told_apart(
    redis_cluster: RedisServer, valkey: RedisServer
) -> None:
    with pytest.raises(ServerUnreachableError, match="cannot be reached"):
        connect_redis("redis+cluster://127.0.0.1:1")
    url = redis_cluster.url.replace("redis+cluster:", "redis:")
    client = connect_redis(url)  # a node answers as a single server does, for its own slots
    client.close()


def test_server_is_gone_with_its_folder_after_the_block() -> None:
    with servers.running("valkey") as server:
        folder = Path(unquote(urlsplit(server.url).path)).parent
        assert folder.is_dir()
    assert not folder.exists()
    with pytest.raises(ServerUnreachableError, match="cannot be reached"):
        server.connect()
