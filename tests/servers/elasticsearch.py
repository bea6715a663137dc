"""A real Elasticsearch for tests: fetched once by Maven, started on first use, shared by the workers of one test run.

A keeper process (see `keeper.py`) owns the server. Each worker holds a shared lock on the run's `users` file; the
keeper waits for an exclusive one and then stops the server. The kernel drops a lock with its process, so the server
also goes when workers are killed.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

VERSION: Final = "9.5.3"
ARTIFACT: Final = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
UNPACK: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:unpack"
OLDEST_JDK: Final = 21
START_SECONDS: Final = 180.0
KEEPER: Final = Path(__file__).with_name("keeper.py")
JDK_FOLDERS: Final = ("usr/lib/jvm/*", "opt/java/*", "Library/Java/JavaVirtualMachines/*/Contents/Home")


class ServerUnavailableError(RuntimeError):
    """Says what has to be installed or what the server wrote before it gave up."""


def cache_folder() -> Path:
    """The folder outside the checkout where servers are unpacked and run.

    The server does not run as root, so root's tests use a folder that `nobody` can enter too.
    """
    if named := os.environ.get("DECISOR_CACHE"):
        folder = Path(named)
    elif os.geteuid() == 0:
        folder = Path("/var/tmp/decisor-cache")  # noqa: S108 - only used when we own it, as checked below
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "decisor"
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.geteuid():
        raise ServerUnavailableError(f"`{folder}` belongs to another user; name a folder of yours in DECISOR_CACHE")
    return folder


def jdk_home() -> Path:
    """The home of a full JDK that the server accepts: named in the environment, or the newest one installed."""
    named = [Path(os.environ[name]) for name in ("ES_JAVA_HOME", "JAVA_HOME") if os.environ.get(name)]
    installed = [folder for pattern in JDK_FOLDERS for folder in Path("/").glob(pattern)]
    for home in [*named, *sorted(installed, key=_jdk_version, reverse=True)]:
        if _jdk_version(home) >= OLDEST_JDK:
            return home
    raise ServerUnavailableError(
        f"Elasticsearch {VERSION} needs a full JDK {OLDEST_JDK} or newer, found none: install one, for instance "
        "Temurin's package temurin-25-jdk, or name its folder in ES_JAVA_HOME"
    )


def _jdk_version(home: Path) -> int:
    """The feature release of the JDK in a folder; 0 where there is none, or only a JRE."""
    release = home / "release"
    if not release.is_file() or not (home / "bin" / "java").is_file():
        return 0
    text = release.read_text(encoding="utf-8")
    version = re.search(r'^JAVA_VERSION="(\d+)', text, re.MULTILINE)
    # The server refuses a runtime without the debugger interface, and Debian's JREs lack it.
    return int(version[1]) if version and re.search(r"\bjdk\.jdi\b", text) else 0


@contextmanager
def _locked(path: Path, kind: int) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, kind)
        yield


def distribution() -> Path:
    """The unpacked server, fetched by Maven when the cache does not have it yet."""
    folder = cache_folder() / f"elasticsearch-{VERSION}"
    with _locked(cache_folder() / "unpack.lock", fcntl.LOCK_EX):
        if not folder.is_dir():
            _unpack(folder)
    return folder


def _unpack(folder: Path) -> None:
    if shutil.which("mvn") is None:
        raise ServerUnavailableError("Maven fetches Elasticsearch and was not found: install it (Debian: `maven`)")
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        command = ["mvn", "-q", "-B", "-C", UNPACK, f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={scratch}/out"]
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
        unpacked = Path(scratch) / "out" / folder.name
        if done.returncode or not unpacked.is_dir():
            raise ServerUnavailableError(f"Maven could not fetch {ARTIFACT}:\n{done.stdout}{done.stderr}")
        unpacked.rename(folder)


@contextmanager
def running_server(run: str) -> Iterator[str]:
    """The URL of the server of a test run, started if it is not up; it stops after its last user has left."""
    folder = cache_folder() / "runs" / run
    home, jdk = distribution(), jdk_home()
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            users = (folder / "users").open("a")
        except FileNotFoundError:
            continue  # the keeper of an earlier user is just leaving, and took the folder along
        with users:
            fcntl.flock(users, fcntl.LOCK_SH)
            if not _same_file(users.fileno(), folder / "users"):
                continue
            with _locked(folder / "start", fcntl.LOCK_EX):
                url = _url(folder) or _start(folder, home, jdk)
            yield url
            return


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _url(folder: Path) -> str | None:
    """What the keeper reports: the URL, nothing yet, or an error with the end of the server's log."""
    report = folder / "report.json"
    if not report.exists():
        return None
    said = json.loads(report.read_text(encoding="utf-8"))
    if "url" not in said:
        raise ServerUnavailableError(f"Elasticsearch {VERSION} did not start:\n{said['error']}")
    return str(said["url"])


def _start(folder: Path, home: Path, jdk: Path) -> str:
    with (folder / "keeper.log").open("w") as log:
        # A process group of its own: Ctrl-C in the terminal is for pytest, whose end the keeper notices by itself.
        keeper = subprocess.Popen(
            [sys.executable, "-P", str(KEEPER), str(folder), str(home), str(jdk)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while keeper.poll() is None and time.monotonic() < deadline:
        if url := _url(folder):
            keeper.returncode = 0  # it outlives us on purpose, so that no warning about a running child is due
            return url
        time.sleep(0.05)
    keeper.terminate()
    keeper.wait()
    _url(folder)
    log_text = (folder / "keeper.log").read_text(encoding="utf-8")
    raise ServerUnavailableError(f"Elasticsearch {VERSION} did not start in {START_SECONDS:.0f} s:\n{log_text}")


@pytest.fixture(scope="session")
def elasticsearch_run() -> str:
    """The name of this test run, the same in each of its workers."""
    return os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex


@pytest.fixture(scope="session")
def elasticsearch_url(elasticsearch_run: str) -> Iterator[str]:
    """The URL of this test run's Elasticsearch."""
    with running_server(elasticsearch_run) as url:
        yield url


@pytest.fixture(scope="session")
def elasticsearch(elasticsearch_url: str) -> Iterator[Elasticsearch]:
    """A client of this test run's Elasticsearch."""
    from elasticsearch import Elasticsearch

    with Elasticsearch(elasticsearch_url, request_timeout=60) as client:
        yield client


@pytest.fixture
def new_index(elasticsearch: Elasticsearch) -> Iterator[Callable[..., str]]:
    """A function that creates an index under a name no other test has; gone after the test."""
    names: list[str] = []

    def create(mappings: dict[str, object] | None = None, settings: dict[str, object] | None = None) -> str:
        name = f"test-{uuid.uuid4().hex}"
        single = {"number_of_shards": 1, "number_of_replicas": 0}
        elasticsearch.indices.create(index=name, mappings=mappings or {}, settings={**single, **(settings or {})})
        names.append(name)
        return name

    yield create
    for name in names:
        elasticsearch.indices.delete(index=name)
