"""The process that owns a test run's Elasticsearch: starts it, reports its URL, stops it when its last user has left.

Called as `python -m tests.servers.keeper RUN_FOLDER SERVER_HOME JDK_HOME`. Writes `report.json` into the run's folder:
`{"url": …}` once the server answers, `{"error": …}` if it does not. Removes the folder at the end.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from engine.storage.embedded.elasticsearch import ElasticsearchFolder

START_SECONDS: Final = 150.0
STOP_SECONDS: Final = 30.0
SETTINGS: Final = {"search.keep_alive_interval": "1s"}  # how soon what has ended is thrown away: a minute elsewhere
LOG_TAIL: Final = 8_000


def report(run: Path, said: dict[str, str]) -> None:
    """Nothing; the report appears whole or not at all."""
    draft = run / "report.draft"
    draft.write_text(json.dumps(said), encoding="utf-8")
    draft.rename(run / "report.json")


def stop(server: subprocess.Popen[bytes]) -> None:
    """Nothing; the server that we started has ended when it returns."""
    server.terminate()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def keep(run: Path, home: Path, jdk: Path) -> None:
    """Nothing; returns after the last user has left and the server has ended."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    place = ElasticsearchFolder(run, settings=SETTINGS)
    server = place.start(home, jdk, ends_with_us="TERM")
    try:
        deadline = time.monotonic() + START_SECONDS
        while (url := place.url()) is None:
            if server.poll() is not None or time.monotonic() > deadline:
                report(run, {"error": place.log.read_text(encoding="utf-8")[-LOG_TAIL:]})
                break
            time.sleep(0.1)
        else:
            report(run, {"url": url})
        with (run / "users").open("a") as users:
            fcntl.flock(users, fcntl.LOCK_EX)
            shutil.rmtree(run)
    finally:
        stop(server)
        shutil.rmtree(run, ignore_errors=True)


if __name__ == "__main__":
    keep(*(Path(argument) for argument in sys.argv[1:4]))
