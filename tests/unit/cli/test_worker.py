"""`decisor worker`: what is queued becomes profiles and membership, and the tally says what became of it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from engine.cli.app import main
from engine.storage import keys
from tests.servers.redis_servers import RedisServer
from tests.unit.cli.conftest import FILES, Decisor, write
from tests.unit.cli.test_app import ENVIRONMENT, PROGRAM
from tests.unit.cli.test_ingest import event, lines
from tests.waiting import PATIENCE

NOW = "2026-03-01T00:00:00Z"
SECRET = "Rumpelstiltskin"  # noqa: S105 - stands for a personal value


@pytest.fixture
def client(servers: None, valkey_empty: RedisServer) -> Any:
    """A client of the Redis."""
    return valkey_empty.connect()


def test_it_drains_the_queue_tells_the_tally_and_ends(shop: Path, decisor: Decisor, client: Any) -> None:
    other = event(1, data={"amount": 5})
    events = [event(number) for number in range(10)] + [event(1), other, {"id": "x"}, event(2)]
    assert decisor("ingest", "-", stdin=lines(*events)).code == 0
    done = decisor("worker", "--drain", "--now", NOW)
    assert (done.code, done.err) == (0, "")
    assert re.fullmatch(
        r"11 events stored, 2 duplicates dropped, 1 stored although another event has the same id, 1"
        r" among the dead letters"
        r" \(`decisor dead-letters list`\); 10 entered segments, 0 left; \d+\.\d s\n",
        done.out,
    )
    assert client.scard(keys.members("buyers")) == 10
    again = decisor("worker", "--drain", "--now", "2026-04-30T00:00:00Z")
    assert re.fullmatch(
        r"0 events stored, 10 customers moved by time; 0 entered segments, 10 left; \d+\.\d s\n", again.out
    )
    assert client.scard(keys.members("buyers")) == 0


def test_quiet_says_nothing(shop: Path, decisor: Decisor, client: Any) -> None:
    decisor("ingest", "-", stdin=lines(event(1)))
    assert decisor("worker", "--drain", "--quiet", "--now", NOW) == (0, "", "")


def test_it_says_what_a_rebuild_must_switch_in(shop: Path, decisor: Decisor, client: Any) -> None:
    decisor("ingest", "-", stdin=lines(event(1)))
    decisor("worker", "--drain", "--now", NOW)
    file = shop / "segments/vips.yaml"
    file.write_text(file.read_text("utf-8").replace("value: 10}", "value: 100}"), "utf-8")
    done = decisor("worker", "--drain", "--now", NOW)
    assert done.code == 0
    assert done.out.startswith(
        "not running yet, or in another version: buyers; `decisor segments rebuild buyers` switches them in\n"
    )
    assert client.sismember(keys.members("buyers"), "c-1")


@pytest.mark.parametrize("variable", ["DECISOR_REDIS_URL", "DECISOR_POSTGRES_URL"])
def test_without_servers_it_says_how_to_get_them(
    variable: str, shop: Path, decisor: Decisor, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(variable)
    done = decisor("worker", "--drain")
    assert (done.code, done.out) == (2, "")
    assert "is known: `decisor up` in the workspace starts one" in done.err


def test_a_clock_that_is_no_instant_is_refused(shop: Path, decisor: Decisor, client: Any) -> None:
    done = decisor("worker", "--drain", "--now", "yesterday")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("decisor: --now: expected ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_works_until_it_is_told_to_stop_and_then_ends_well(number: int, shop: Path, client: Any) -> None:
    command = [*PROGRAM, "worker"]
    with subprocess.Popen(command, cwd=shop, env={**ENVIRONMENT, **os.environ}, stdout=subprocess.PIPE) as worker:
        try:
            while not client.exists(keys.published_cursor(15)):
                time.sleep(0.02)
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            assert main(["ingest", _file(shop, lines(event(1, time=now)))]) == 0
            while not client.sismember(keys.members("buyers"), "c-1"):
                time.sleep(0.02)
        finally:
            worker.send_signal(number)
            out = worker.communicate(timeout=PATIENCE)[0].decode()
    assert worker.returncode == 0
    assert out.startswith("1 event stored; 1 entered segments, 0 left; ")


def _file(folder: Path, content: bytes) -> str:
    (folder / "events.jsonl").write_bytes(content)
    return str(folder / "events.jsonl")


def test_a_workspace_with_the_servers_that_up_starts(served_folder: Path, decisor: Decisor) -> None:
    write(served_folder, FILES)
    first = decisor("ingest", _file(served_folder, lines(event(1))), "-C", served_folder)
    assert first.code == 2
    assert "`decisor up`" in first.err
    assert decisor("up", "-C", served_folder).code == 0
    assert decisor("ingest", served_folder / "events.jsonl", "-C", served_folder).out == "1 event queued\n"
    done = decisor("worker", "--drain", "--now", NOW, "-C", served_folder)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("1 event stored; 1 entered segments, 0 left; ")
    done = decisor("segments", "reconcile", "--now", NOW, "-C", served_folder)
    assert done == (0, "1 customer, 9 comparisons, 0 differences\n", "")
    assert decisor("down", "-C", served_folder).code == 0


def test_personal_values_are_in_no_output(shop: Path, decisor: Decisor, client: Any) -> None:
    bad = [
        event(1, data={"amount": SECRET}),
        event(2, data=SECRET),
        event(3, time=SECRET),
        event(4, type=SECRET),
        event(5, data={"amount": 5}, time="2036-01-01T00:00:00Z"),
        {"id": SECRET, "customer_id": 5, "data": {"amount": [SECRET]}},
    ]
    raw = lines(*bad) + f'{{"id": "{SECRET}\n"{SECRET}"\n'.encode()
    outputs = [
        decisor("ingest", "-", stdin=raw),
        decisor("worker", "--drain", "--now", NOW),
        decisor("dead-letters", "list"),
        decisor("dead-letters", "list", "--format", "json"),
        decisor("dead-letters", "replay", "--all"),
    ]
    assert [each.code for each in outputs] == [0] * 5
    assert not [each for each in outputs if SECRET in each.out or SECRET in each.err]
    assert len(outputs[2].out.splitlines()) == 1 + 8


def test_a_reconcile_without_anything_running_says_so(shop: Path, decisor: Decisor, client: Any) -> None:
    done = decisor("segments", "reconcile")
    assert (done.code, done.out) == (2, "")
    assert done.err == "decisor: no segment runs yet: `decisor worker` registers the workspace's segments\n"


def test_a_reconcile_tells_and_repairs_what_differs(shop: Path, decisor: Decisor, client: Any) -> None:
    decisor("ingest", "-", stdin=lines(event(1), event(2)))
    decisor("worker", "--drain", "--now", NOW)
    client.srem(keys.members("buyers"), "c-1")
    client.sadd(keys.members("vips"), "nobody")
    client.delete(keys.profile("c-2"))
    done = decisor("segments", "reconcile", "--now", NOW)
    assert done == (
        1,
        (
            "2 customers, 18 comparisons, 3 differences\n"
            "  extra or missing members of a segment's set: 1, repaired\n"
            "  serving copies that were missing or had another version: 1, repaired\n"
            "  members unknown to PostgreSQL: 1, repaired\n"
        ),
        "",
    )
    done = decisor("segments", "reconcile", "--now", NOW, "--format", "json")
    assert done.code == 0
    assert json.loads(done.out)["differences"] == 0
    assert client.smembers(keys.members("buyers")) == {b"c-1", b"c-2"}


def test_the_python_that_runs_it_needs_no_servers_for_help() -> None:
    asked = [sys.executable, "-c", "import sys; from engine.cli.app import main; main(['worker', '--help'])\n"]
    asked[2] += "assert not {'redis', 'psycopg', 'elasticsearch', 'cryptography'} & set(sys.modules)\n"
    assert subprocess.run(asked, env=ENVIRONMENT, check=False, capture_output=True).returncode == 0
