"""A real Elasticsearch for tests: fetched once by Maven, started on first use, shared by the workers of one test run.

A keeper process (see `keeper.py`) owns the server. Each worker holds a shared lock on the run's `users` file; the
keeper waits for an exclusive one and then stops the server. The kernel drops a lock with its process, so the server
also goes when workers are killed.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from engine.storage.embedded.account import ServerUnavailableError
from engine.storage.embedded.elasticsearch import VERSION, distribution, jdk_home
from engine.storage.embedded.places import cache_folder

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

START_SECONDS: Final = 180.0
ROOT: Final = Path(__file__).resolve().parents[2]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


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
            with _locked(folder / "start"):
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
            [sys.executable, "-m", "tests.servers.keeper", str(folder), str(home), str(jdk)],
            cwd=ROOT,
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
