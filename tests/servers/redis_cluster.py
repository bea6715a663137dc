"""A Redis Cluster of three real nodes on free ports of the loopback."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from engine.storage.embedded.account import ServerUnavailableError
from engine.storage.embedded.valkey import ValkeyFolder, valkey_program
from tests.servers.redis_servers import SETTINGS, new_folder, stop

NODES = 3
SLOTS = 16384
AGREE_SECONDS = 60.0
ATTEMPTS = 5  # a port may be taken between the moment it was found free and the start


@dataclass(slots=True)
class Cluster:
    """The nodes of a running Cluster: where each lies and its process."""

    places: list[ValkeyFolder]
    buses: list[int]
    servers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The URL of the Cluster."""
        return f"redis+cluster://127.0.0.1:{self.places[0].port}"

    def start(self, number: int) -> None:
        """Start a node."""
        own = {
            "cluster-enabled": "yes",
            "cluster-config-file": "nodes.conf",
            "cluster-node-timeout": "2000",
            "cluster-port": str(self.buses[number]),
        }
        place = self.places[number]
        server = place.start(valkey_program(), {**SETTINGS, **own}, ends_with_us="TERM")
        self.servers[number:] = [server, *self.servers[number + 1 :]]

    def node(self, number: int) -> Any:
        """A client of one node alone."""
        return redis.Redis(port=self.places[number].port, protocol=2)

    def kill(self, number: int) -> None:
        """Kill -9 of a node: what it has not saved is gone when it is started again."""
        self.servers[number].kill()
        self.servers[number].wait()


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A Cluster of its own, started on entry; stopped, and its folders removed, on exit."""
    with ExitStack() as stack:
        for attempt in range(ATTEMPTS):
            try:
                cluster = stack.enter_context(_started())
            except ServerUnavailableError:
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                yield cluster
                return


@contextmanager
def _started() -> Iterator[Cluster]:
    with new_folder() as folder:
        ports = free_ports(2 * NODES)
        cluster = Cluster(
            [_place(folder / f"node{number}", port) for number, port in enumerate(ports[:NODES])], ports[NODES:]
        )
        try:
            for number in range(NODES):
                cluster.start(number)
            _join(cluster)
            yield cluster
        finally:
            for server in cluster.servers:
                stop(server)


def _place(folder: Path, port: int) -> ValkeyFolder:
    folder.mkdir()
    return ValkeyFolder(folder, port=port)


def _join(cluster: Cluster) -> None:
    """Share out the slots, make the nodes known to each other, wait until all agree."""
    nodes: list[Any] = [cluster.node(number) for number in range(NODES)]
    for number, node in enumerate(nodes):
        first, last = (SLOTS * each // NODES for each in (number, number + 1))
        node.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last - 1)
        node.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
    for place, bus in list(zip(cluster.places, cluster.buses, strict=True))[1:]:
        nodes[0].execute_command("CLUSTER", "MEET", "127.0.0.1", place.port, bus)
    deadline = time.monotonic() + AGREE_SECONDS
    while not all(_agrees(node) for node in nodes):
        if time.monotonic() > deadline:
            raise ServerUnavailableError(f"the nodes of the Cluster did not agree within {AGREE_SECONDS:.0f} s")
        time.sleep(0.05)
    for node in nodes:
        node.close()


def _agrees(node: Any) -> bool:
    info = node.cluster("info")
    return info["cluster_state"] == "ok" and int(info["cluster_known_nodes"]) == NODES and _slots(node) == NODES


def _slots(node: Any) -> int:
    return len(node.execute_command("CLUSTER", "SLOTS"))
