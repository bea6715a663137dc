"""Servers that a test has to itself, to do to them what befalls servers: killed, frozen, out of disk, started again.

    with PrivateRedis() as server:
        ...
        server.kill()      # kill -9 of all its processes
        server.restart()   # on the same data, under the same URL (Elasticsearch: a new one)

They keep what is written as servers do for which `decisor up` is responsible, except that nobody pulls the plug: what
the system has been given is safe, so nothing waits for the disk.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from engine.storage.embedded import elasticsearch, valkey
from engine.storage.embedded.account import Account, account_of, popen_identity
from engine.storage.embedded.launching import await_answer
from engine.storage.embedded.places import cache_folder
from engine.storage.embedded.postgres import DURABLE, Installation, PostgresFolder
from engine.storage.embedded.process import start_instant
from tests.servers import postgres, redis_servers

START_SECONDS: Final = 180.0
BRIEF: Final = ("-XX:TieredStopAtLevel=1",)  # for a server that starts more often than it is asked
DEATH_SECONDS: Final = 30.0


class Private:
    """What can befall every server."""

    account: Account | None = None

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._server: subprocess.Popen[bytes] | None = None
        self._family: list[int] = []

    def __enter__(self) -> Self:
        try:
            self._prepare()
            self.start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._server is not None:
                self.resume()
                self.stop()
        finally:
            self._stack.close()

    @property
    def url(self) -> str:
        """The server's URL."""
        raise NotImplementedError  # each kind of server has its own

    @property
    def log(self) -> str:
        """What the server has printed."""
        return self._log().read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Start the server, which answers; it must not be running."""
        assert self._server is None, "the server is running"
        self._server = self._launch()

    def stop(self) -> None:
        """End the server so that it closes its files."""
        server = self._running()
        server.send_signal(self._asking())
        try:
            server.wait(DEATH_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._server = None

    def kill(self) -> None:
        """Kill -9 of all its processes; they are gone when this returns."""
        server = self._running()
        family = _family(server.pid)
        _send(family, signal.SIGKILL)
        server.wait()
        deadline = time.monotonic() + DEATH_SECONDS
        while any(_alive(pid) for pid in family):
            assert time.monotonic() < deadline, "a process outlives kill -9"
            time.sleep(0.01)
        self._server = None

    @property
    def has_ended(self) -> bool:
        """Whether its main process is gone, by itself or because it was killed."""
        return self._server is None or self._server.poll() is not None

    def restart(self) -> None:
        """Start the server again on the data it has."""
        if self._server is not None:
            self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze all its processes: it takes connections, and answers nothing."""
        self._family = _family(self._running().pid)
        _send(self._family, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        _send(self._family, signal.SIGCONT)
        self._family = []

    def fill_disk(self) -> None:
        """From now on no file may grow: what it writes fails, as on a full disk."""
        self._limit_files("0")

    def free_disk(self) -> None:
        """Files may grow again. A server that gave up meanwhile is started anew, as whoever keeps it running would."""
        self._limit_files("unlimited")
        time.sleep(0.5)  # a process that was just being made may have come too late for the first time, and end it all
        self._limit_files("unlimited")
        if self._running().poll() is not None:
            self._server = None
            self.start()

    def _limit_files(self, limit: str) -> None:
        for pid in _family(self._running().pid):
            command = ["prlimit", "--pid", str(pid), f"--fsize={limit}:"]  # by itself: only its account may do that
            done = subprocess.run(command, check=False, capture_output=True, **popen_identity(self.account))
            assert done.returncode == 0 or not _alive(pid), done.stderr.decode()

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._server is not None, "the server is not running"
        return self._server

    def _prepare(self) -> None:
        raise NotImplementedError  # each kind of server has its own

    def _log(self) -> Path:
        raise NotImplementedError  # each kind of server has its own

    def _launch(self) -> subprocess.Popen[bytes]:
        raise NotImplementedError  # each kind of server has its own

    def _asking(self) -> signal.Signals:
        return signal.SIGTERM


class PrivateRedis(Private):
    """A server of Redis on a socket; `name` is `valkey`, `redis_7` or `redis_6`."""

    def __init__(self, name: str = "valkey") -> None:
        super().__init__()
        self.name = name
        self.place = valkey.ValkeyFolder(Path())

    @property
    def url(self) -> str:
        """The server's URL."""
        return self.place.url

    def lose(self) -> None:
        """Kill it and throw away everything that it keeps."""
        self.kill()
        shutil.rmtree(self.place.data)

    def _prepare(self) -> None:
        folder = self._stack.enter_context(redis_servers.new_folder())
        self.program = redis_servers.program_of(self.name, folder)
        self.place = valkey.ValkeyFolder(folder, folder / valkey.SOCKET)

    def _log(self) -> Path:
        return self.place.log

    def _launch(self) -> subprocess.Popen[bytes]:
        return self.place.start(self.program, valkey.DURABLE, ends_with_us="TERM")


class PrivatePostgres(Private):
    """A server of PostgreSQL: the wheel's, unless another installation is given."""

    def __init__(self, installation: Installation | None = None) -> None:
        super().__init__()
        self.installation = installation or postgres.wheel()
        self.place = PostgresFolder(Path(), Path())
        self.settings = {**DURABLE, "fsync": "off"}

    @property
    def url(self) -> str:
        """The server's URL, of a database that has not been migrated."""
        return self.place.url

    def _prepare(self) -> None:
        self.place = self._stack.enter_context(postgres.new_place(self.installation))
        self.account = self.place.account
        self.programs = self.installation.reachable(self.place.account)
        self.place.initialise(self.programs, sync=False)

    def _log(self) -> Path:
        return self.place.log

    def _launch(self) -> subprocess.Popen[bytes]:
        return self.place.start(self.programs, self.settings, ends_with_us="INT")

    def _asking(self) -> signal.Signals:
        return signal.SIGINT


class PrivateElasticsearch(Private):
    """A server of Elasticsearch. Its port is another one after each start."""

    def __init__(self) -> None:
        super().__init__()
        self.place = elasticsearch.ElasticsearchFolder(Path())
        self._url = ""

    @property
    def url(self) -> str:
        """The server's URL."""
        return self._url

    def _prepare(self) -> None:
        self.home, self.jdk = elasticsearch.distribution(), elasticsearch.jdk_home()
        (cache_folder() / "runs").mkdir(exist_ok=True)
        folder = cache_folder() / "runs" / f"private-{os.getpid()}-{id(self)}"
        folder.mkdir()
        self._stack.callback(shutil.rmtree, folder)
        self.place = elasticsearch.ElasticsearchFolder(folder, java=BRIEF)
        self.account = account_of()

    def _log(self) -> Path:
        return self.place.log

    def _launch(self) -> subprocess.Popen[bytes]:
        server = self.place.start(self.home, self.jdk, ends_with_us="TERM")
        try:
            self._url = await_answer(server, self._ready, self.place.log, "Elasticsearch", START_SECONDS)
        except BaseException:
            _send(_family(server.pid), signal.SIGKILL)
            server.wait()
            raise
        return server

    def _ready(self) -> str | None:
        return self.place.url()


def _family(pid: int) -> list[int]:
    """The process and all that came from it."""
    done = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    parents = [(int(child), int(parent)) for child, parent in (line.split() for line in done.stdout.splitlines())]
    family = [pid]
    for member in family:  # it grows on the way
        family += [child for child, parent in parents if parent == member]
    return family


def _send(family: list[int], number: signal.Signals) -> None:
    for pid in family:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _alive(pid: int) -> bool:
    return start_instant(pid) is not None
