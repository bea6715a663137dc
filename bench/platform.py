"""Embedded servers for a benchmark, a worker in a process of its own, and the bare worker that does no thinking.

`python -m bench.platform worker|bare POSTGRES REDIS` is such a process; at its end it prints what it did, and its
memory.
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.ir.program import Program
from engine.storage.embedded.workspace import start, stop
from engine.storage.keys import GROUP, events_stream, transitions_stream
from engine.storage.locations import locations_of
from engine.storage.migrate import migrate
from engine.storage.partitions import PARTITIONS
from engine.storage.postgres import connect_postgres
from engine.storage.redis_client import connect_redis

ROOT = Path(__file__).parents[1]
PATIENCE = 600.0


@dataclass(frozen=True, slots=True)
class Platform:
    """URLs of PostgreSQL and Redis, as `decisor up` starts them."""

    postgres: str
    redis: str

    def connect(self) -> Any:
        """A connection to PostgreSQL."""
        return connect_postgres(self.postgres, autocommit=True, application="bench")

    def client(self) -> Any:
        """A client of Redis."""
        return connect_redis(self.redis)

    def prepare(self, program: Program) -> None:
        """Register a program's segments."""
        from engine.encryption.vault import OpenVault
        from engine.rebuilds.preparation import prepare

        with self.connect() as connection:
            prepare(connection, program, OpenVault())

    @contextmanager
    def worker(self, kind: str = "worker") -> Iterator[dict[str, Any]]:
        """A worker in the background; what it said at its end is in the dict afterwards."""
        command = [sys.executable, "-m", "bench.platform", kind, self.postgres, self.redis]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        said: dict[str, Any] = {}
        try:
            yield said
        finally:
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=60)
            said.update(json.loads(out or "{}"))

    def empty(self) -> None:
        """Throw away all that is kept, but for what runs."""
        client = self.client()
        client.flushall()
        with self.connect() as connection:
            connection.execute(
                "TRUNCATE event, event_id, event_conflict, profile, outbox, transition, dead_letter;"
                " UPDATE partition SET seq = 0"
            )

    def wait(self, events: int) -> None:
        """Until that many events have been read and acknowledged."""
        client = self.client()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            groups = [client.xinfo_groups(events_stream(number)) for number in _existing(client)]
            if groups and all(group["lag"] == 0 and group["pending"] == 0 for each in groups for group in each):
                return
            time.sleep(0.02)
        raise TimeoutError(f"{events:,} events were not consumed in {PATIENCE:.0f} s")


def _existing(client: Any) -> list[int]:
    return [number for number in range(PARTITIONS) if client.exists(events_stream(number))]


@contextmanager
def platform() -> Iterator[Platform]:
    """Servers as `decisor up` starts them, durable, in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="decisor-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            for _ in start(folder, {"postgres", "redis"}):
                pass
            found = locations_of(folder, {})
            assert found.postgres is not None
            assert found.redis is not None
            with connect_postgres(found.postgres, autocommit=True) as connection:
                migrate(connection)
            yield Platform(found.postgres, found.redis)
        finally:
            for _ in stop(folder):
                pass


def work(postgres: str, redis: str, stopping: threading.Event) -> dict[str, Any]:
    """The worker, as `decisor worker` runs it."""
    from engine.running import worker_process
    from engine.segments.registry import read_catalogue
    from engine.worker.process import calm_collector

    def connect(application: str = "decisor worker") -> Any:
        return connect_postgres(postgres, autocommit=True, application=application)

    with connect() as connection:
        catalogue = read_catalogue(connection)
    assert catalogue is not None
    running = worker_process(connect_redis(redis), connect, catalogue)

    def end() -> None:
        stopping.wait()
        running.stop()

    threading.Thread(target=end, daemon=True).start()
    calm_collector()
    tally = running.run()
    return {"events": tally.kept}


def work_barely(postgres: str, redis: str, stopping: threading.Event) -> dict[str, Any]:
    """What no worker can do without: read, insert the raw events durably, tell one change each, acknowledge."""
    client: Any = connect_redis(redis)
    connection = connect_postgres(postgres, autocommit=True)
    connection.execute("CREATE TABLE IF NOT EXISTS bare_event (entry text PRIMARY KEY, data json NOT NULL)")
    streams = {events_stream(number): ">" for number in range(PARTITIONS)}
    for stream in streams:
        client.xgroup_create(stream, GROUP, id="0", mkstream=True)
    count = 0
    while not stopping.is_set():
        entries = client.xreadgroup(GROUP, "owner", streams, count=31, block=20)
        rows = [(stream, name, fields[b"e"]) for stream, found in entries for name, fields in found]
        if not rows:
            continue
        with connection.transaction():
            connection.execute(
                "INSERT INTO bare_event SELECT * FROM unnest(%b::text[], %b::json[])",
                (
                    [f"{stream.decode()}:{name.decode()}" for stream, name, _ in rows],
                    [raw.decode() for *_, raw in rows],
                ),
            )
        pipeline = client.pipeline()
        for stream, name, raw in rows:
            event = json.loads(raw)
            number = int(stream.rpartition(b":")[2])
            pipeline.sadd("segment:bare", event["customer_id"])
            pipeline.xadd(transitions_stream(number), {"cause": event["id"], "segment": "flagged"})
            pipeline.xack(stream, GROUP, name)
        pipeline.execute()
        count += len(rows)
    return {"events": count}


def main(arguments: list[str]) -> None:
    """Work until told to stop."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    kind, postgres, redis = arguments
    said = (work if kind == "worker" else work_barely)(postgres, redis, stopping)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**said, "megabytes": peak}))


if __name__ == "__main__":
    main(sys.argv[1:])
