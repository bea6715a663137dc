"""Real PostgreSQL servers for the tests: the one in the wheel, and the machine's own where there is one.

Each server lives in its own temporary folder and listens on a socket in it alone, so runs side by side never meet.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from engine.storage.embedded import postgres as embedded
from engine.storage.embedded.account import account_of
from engine.storage.embedded.places import temporary_folder
from engine.storage.embedded.postgres import Installation, PostgresFolder
from engine.storage.migrate import migrate
from engine.storage.postgres import connect_postgres

STOP_SECONDS = 20.0
TEMPLATE = "decisor_template"
SETTINGS = {
    "fsync": "off",  # what a crash would lose, a test does not miss
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "synchronous_commit": "off",
    "timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server: its name, where it lies, and what it says its version is."""

    name: str
    place: PostgresFolder
    version: int

    @property
    def folder(self) -> Path:
        """The folder of its socket."""
        return self.place.sockets

    @property
    def url(self) -> str:
        """The connection string, as libpq reads it."""
        return self.place.url

    def connect(self, **options: Any) -> psycopg.Connection:
        """A new connection as the server's owner; `options` go to `psycopg.connect`."""
        return psycopg.connect(self.url, **options)


@dataclass(frozen=True, slots=True)
class Database:
    """A database of its own with all migrations applied."""

    server: Postgres
    url: str

    def connect(self, *, autocommit: bool = False) -> psycopg.Connection:
        """A new connection, with the settings of all connections of ours."""
        return connect_postgres(self.url, autocommit=autocommit)


def wheel() -> Installation:
    """The programs in the wheel."""
    return embedded.wheel()


def system() -> Installation | None:
    """The newest PostgreSQL that the machine's packages installed, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return Installation("system", found[-1].parent) if found else None


def names() -> list[str]:
    """Which installations the parametrised fixtures run over."""
    return ["wheel", "system"] if system() else ["wheel"]


@contextmanager
def new_place(installation: Installation) -> Iterator[PostgresFolder]:
    """A folder of its own for a server, removed on exit."""
    account = account_of(*installation.accounts)
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=temporary_folder(account)))
    try:
        if account is not None:
            os.chown(folder, account.user, account.group)
        yield PostgresFolder(folder, folder, account)
    finally:
        shutil.rmtree(folder)


@contextmanager
def running(installation: Installation, settings: Mapping[str, str] | None = None) -> Iterator[Postgres]:
    """A server of its own, started on entry; stopped, and its folder removed, on exit."""
    with new_place(installation) as place:
        programs = installation.reachable(place.account)
        place.initialise(programs, sync=False)
        server = place.start(programs, SETTINGS if settings is None else settings, ends_with_us="INT")
        try:
            version = place.ready()
            assert version is not None
            yield Postgres(installation.name, place, version)
        finally:
            stop(server)


def stop(server: subprocess.Popen[bytes]) -> None:
    """Ends the server: first so that it closes its connections and files, then without asking."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@contextmanager
def new_database(server: Postgres) -> Iterator[Database]:
    """A database that is a copy of the migrated template; gone on exit, whoever is still connected."""
    name = f"test_{uuid.uuid4().hex}"
    with server.connect(autocommit=True) as connection:
        _make_template(server, connection)
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    try:
        yield Database(server, server.url.replace("/postgres?", f"/{name}?"))
    finally:
        with server.connect(autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _make_template(server: Postgres, connection: psycopg.Connection) -> None:
    if connection.execute("SELECT FROM pg_database WHERE datname = %s", (TEMPLATE,)).rowcount:
        return
    connection.execute(f"CREATE DATABASE {TEMPLATE}")
    with connect_postgres(server.url.replace("/postgres?", f"/{TEMPLATE}?"), autocommit=True) as inside:
        migrate(inside)


@pytest.fixture(scope="session")
def postgres_wheel() -> Iterator[Postgres]:
    """The wheel's PostgreSQL, one for the whole run (one for each worker of a parallel run)."""
    with running(wheel()) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_system() -> Iterator[Postgres]:
    """The machine's own PostgreSQL; ask for `postgres` instead where a machine without one should pass too."""
    installation = system()
    assert installation is not None, "no PostgreSQL below `/usr/lib/postgresql`; install the package `postgresql`"
    with running(installation) as server:
        yield server


@pytest.fixture(scope="session", params=names())
def postgres(request: pytest.FixtureRequest) -> Postgres:
    """Each PostgreSQL there is, in turn: the wheel's always, the machine's own if it has one."""
    server = request.getfixturevalue(f"postgres_{request.param}")
    assert isinstance(server, Postgres)
    return server


@pytest.fixture
def postgres_database(postgres: Postgres) -> Iterator[Database]:
    """A migrated database for this test alone, on each PostgreSQL in turn."""
    with new_database(postgres) as database:
        yield database


@pytest.fixture
def wheel_database(postgres_wheel: Postgres) -> Iterator[Database]:
    """A migrated database for this test alone, on the wheel's PostgreSQL."""
    with new_database(postgres_wheel) as database:
        yield database
