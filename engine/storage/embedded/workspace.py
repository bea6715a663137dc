"""Starts the servers of a workspace in the background where the environment names none, and stops them again."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from . import elasticsearch, postgres, valkey
from .account import account_of, owner_of
from .claim import hold_claim
from .folders import open_to_append, unlink_within
from .launching import await_answer
from .places import remove_socket_folder, server_folder, socket_folder, workspace_folder
from .process import end, is_running, start_instant
from .state import Server, record, recorded_servers, remembered_servers

STARTED: Final = "started"
RUNNING: Final = "running"
STOPPED: Final = "stopped"
KILLED: Final = "killed"
ENDED: Final = "ended"
ELASTICSEARCH_SECONDS: Final = 180.0
STOP_SECONDS: Final = 60.0
ASKING: Final = {"redis": signal.SIGTERM, "postgres": signal.SIGINT, "elasticsearch": signal.SIGTERM}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to one server: started, running (already), stopped, killed (it did not stop), ended (before).

    `before` is its previous URL, if the server could not get that one again.
    """

    name: str
    what: str
    server: Server
    before: str | None = None


def start(root: Path, wanted: Collection[str], *, adopt: bool = False) -> Iterator[Outcome]:
    """Start each of the wanted servers (redis, postgres, elasticsearch) that is not running; yields each once it runs.

    A server that ran before keeps its address, if possible. Data that we have not created is used only with `adopt`.
    Concurrent starts wait for each other. Raises ServerUnavailableError; the servers before the failed one stay
    started.
    """
    root = root.resolve()
    with _alone(root):
        servers = remembered_servers(root)
        for name in (each for each in _START if each in wanted):
            known = servers.get(name)
            if known is not None and not known.stopped and is_running(known.pid, known.started):
                yield Outcome(name, RUNNING, known)
                continue
            if known is not None and not known.stopped:  # afterwards, a folder of that name is somebody else's
                _tidy(known)
            servers[name] = _START[name](root, known, adopt)
            record(root, servers)
            moved = known is not None and known.url != servers[name].url
            yield Outcome(name, STARTED, servers[name], known.url if known is not None and moved else None)


def stop(root: Path) -> Iterator[Outcome]:
    """Stop the servers that `start` has started, and nothing else; yields each once it has ended."""
    root = root.resolve()
    if not recorded_servers(root):
        return
    with _alone(root):
        servers = remembered_servers(root)
        for name in [each for each in reversed(_START) if each in recorded_servers(root)]:
            server = servers[name]
            there = is_running(server.pid, server.started)
            went = end(server.pid, server.started, ASKING[name], STOP_SECONDS)
            _tidy(server)
            servers[name] = replace(server, stopped=True)
            record(root, servers)
            yield Outcome(name, (STOPPED if went else KILLED) if there else ENDED, server)


def forget(root: Path, name: str) -> None:
    """Remove a server that does not run from the workspace's record; a running one stays."""
    root = root.resolve()
    if name not in remembered_servers(root):
        return
    with _alone(root):
        servers = remembered_servers(root)
        known = servers.get(name)
        if known is not None and not is_running(known.pid, known.started):
            if not known.stopped:
                _tidy(known)
            del servers[name]
            record(root, servers)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    with open_to_append(workspace_folder(root) / "lock") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _tidy(server: Server) -> None:
    """Remove the folder of the server's socket, if it has one of its own in the temporary folder."""
    if server.sockets:
        remove_socket_folder(Path(server.sockets), (valkey.SOCKET, postgres.SOCKET))


def _redis(root: Path, known: Server | None, adopt: bool) -> Server:  # noqa: FBT001 - all three have this signature
    program = valkey.valkey_program()
    folder = server_folder(root, "redis", None, adopt=adopt)
    sockets = socket_folder(folder, valkey.SOCKET, None, known.sockets if known else "")
    place = valkey.ValkeyFolder(folder, sockets / valkey.SOCKET)
    with hold_claim(folder, "Redis") as claim:
        process = place.start(program, valkey.DURABLE, holding=claim)
    return _describe_server(process, place.url, folder, sockets)


def _postgres(root: Path, known: Server | None, adopt: bool) -> Server:  # noqa: FBT001 - as above
    account = account_of(*postgres.ACCOUNTS)
    folder = server_folder(root, "postgres", account, adopt=adopt)
    if os.path.lexists(folder / "data"):
        account = owner_of(folder / "data")  # the account that created the data
    sockets = socket_folder(folder, postgres.SOCKET, account, known.sockets if known else "")
    place = postgres.PostgresFolder(folder, sockets, account)
    programs = postgres.wheel(place.release).reachable(account)
    with hold_claim(folder, "PostgreSQL") as claim:
        place.initialise(programs)
        # No other process holds the claim, so these files are left from a crash.
        unlink_within(place.data, "postmaster.pid")
        unlink_within(sockets, f"{postgres.SOCKET}.lock")
        process = place.start(programs, postgres.DURABLE, holding=claim)
    return _describe_server(process, place.url, folder, sockets)


def _elasticsearch(root: Path, known: Server | None, adopt: bool) -> Server:  # noqa: FBT001 - as above
    jdk, home = elasticsearch.jdk_home(), elasticsearch.distribution()
    folder = server_folder(root, "elasticsearch", account_of(), given=False, adopt=adopt)
    place = elasticsearch.ElasticsearchFolder(folder, elasticsearch.port_again(known.url if known else None))
    process = place.start(home, jdk)
    try:
        url = await_answer(process, place.url, place.log, "Elasticsearch", ELASTICSEARCH_SECONDS)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    return _describe_server(process, url, folder, folder)


def _describe_server(process: subprocess.Popen[bytes], url: str, folder: Path, sockets: Path) -> Server:
    started = start_instant(process.pid)
    process.returncode = 0  # it outlives us on purpose: avoid the warning about a child that still runs
    return Server(url, process.pid, started or "", str(folder), "" if sockets == folder else str(sockets))


_START: Final[dict[str, Callable[[Path, Server | None, bool], Server]]] = {
    "postgres": _postgres,
    "redis": _redis,
    "elasticsearch": _elasticsearch,
}
