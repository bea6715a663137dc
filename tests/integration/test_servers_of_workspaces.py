"""`decisor up` and `decisor down`: what they start and stop, twice, at once, and after what befalls machines."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from engine.cli.app import main
from engine.cli.command import CannotRunError
from engine.cli.servers import Servers
from engine.storage.elasticsearch import connect_elasticsearch
from engine.storage.embedded import workspace
from engine.storage.embedded.process import is_running, start_instant
from engine.storage.embedded.state import FILE, FOLDER, Server, record, recorded_servers, running_servers
from engine.storage.embedded.workspace import Outcome, start, stop
from engine.storage.locations import ServerUnreachableError, locations_of
from engine.storage.migrate import pending
from engine.storage.postgres import connect_postgres
from engine.storage.redis_client import connect_redis
from tests.waiting import PATIENCE, until

BOTH = ("redis", "postgres")


def told(outcomes: Any) -> dict[str, str]:
    return {outcome.name: outcome.what for outcome in outcomes}


def redis_of(root: Path) -> Any:
    return connect_redis(locations_of(root, {}).redis or "")


def postgres_of(root: Path) -> psycopg.Connection:
    return connect_postgres(locations_of(root, {}).postgres or "", autocommit=True)


def write(root: Path) -> None:
    client = redis_of(root)
    client.set("kept", "1")
    client.close()
    with postgres_of(root) as connection:
        connection.execute("CREATE TABLE public.kept AS SELECT 1 AS one")


def read(root: Path) -> None:
    client = redis_of(root)
    assert client.get("kept") == b"1"
    client.close()
    with postgres_of(root) as connection:
        assert connection.execute("SELECT one FROM public.kept").fetchone() == (1,)


def test_servers_start_once_stop_once_and_keep_what_they_were_given(served_folder: Path) -> None:
    assert told(start(served_folder, BOTH)) == {"postgres": "started", "redis": "started"}
    first = running_servers(served_folder)
    assert told(start(served_folder, BOTH)) == {"postgres": "running", "redis": "running"}
    assert running_servers(served_folder) == first
    write(served_folder)
    assert told(stop(served_folder)) == {"postgres": "stopped", "redis": "stopped"}
    assert not any(is_running(server.pid, server.started) for server in first.values())
    assert told(stop(served_folder)) == {}
    assert locations_of(served_folder, {}).redis is None
    assert told(start(served_folder, ["postgres"])) == {"postgres": "started"}
    assert told(start(served_folder, BOTH)) == {"postgres": "running", "redis": "started"}
    read(served_folder)


def test_servers_are_started_so_that_nothing_is_lost(served_folder: Path) -> None:
    list(start(served_folder, BOTH))
    client = redis_of(served_folder)
    asked = ("appendonly", "appendfsync", "maxmemory-policy")
    assert [client.config_get(name)[name] for name in asked] == ["yes", "everysec", "noeviction"]
    client.close()
    with postgres_of(served_folder) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute(f"SELECT current_setting('{name}')").fetchone() == ("on",)
        assert connection.execute("SELECT current_setting('listen_addresses')").fetchone() == ("",)


def test_logs_of_servers_hold_no_values(served_folder: Path) -> None:
    list(start(served_folder, BOTH))
    secret = "jo" + "@example.org"
    with postgres_of(served_folder) as connection:
        connection.execute("CREATE TABLE public.person (mail text PRIMARY KEY, facts jsonb)")
        connection.execute("INSERT INTO public.person VALUES (%s)", (secret,))
        for query in (
            f"INSERT INTO public.person VALUES ('{secret}')",
            f"INSERT INTO public.person VALUES ('other', '{{\"mail\": {secret}}}')",
        ):
            with pytest.raises(psycopg.Error, match=r"key|json"):
                connection.execute(query.encode())
    client = redis_of(served_folder)
    assert client.config_get("slowlog-log-slower-than") == {"slowlog-log-slower-than": "-1"}
    client.close()
    log = (Path(running_servers(served_folder)["postgres"].data) / "log").read_text()
    assert "duplicate key value violates unique constraint" in log
    assert secret not in log


def test_killed_servers_are_not_found_and_start_again_on_their_data(served_folder: Path) -> None:
    list(start(served_folder, BOTH))
    write(served_folder)
    for server in running_servers(served_folder).values():
        os.kill(server.pid, signal.SIGKILL)
        assert_gone(server)
    assert locations_of(served_folder, {}).postgres is None
    with Servers(served_folder, {}) as servers:
        for name in ("redis", "postgres"):
            with pytest.raises(CannotRunError, match=r"\(PID \d+\) has ended since: `decisor up` starts it again"):
                getattr(servers, name)
    assert told(start(served_folder, BOTH)) == {"postgres": "started", "redis": "started"}
    read(served_folder)


def test_numbers_left_by_a_reboot_neither_stop_the_start_nor_the_process_that_has_them_now(served_folder: Path) -> None:
    list(start(served_folder, BOTH))
    write(served_folder)
    servers = running_servers(served_folder)
    for server in servers.values():
        os.kill(server.pid, signal.SIGKILL)
        assert_gone(server)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as other:
        file = Path(servers["postgres"].data) / "data" / "postmaster.pid"
        file.write_text("\n".join([str(other.pid), *file.read_text().splitlines()[1:]]) + "\n")
        record(
            served_folder,
            {name: Server(each.url, other.pid, each.started, each.data) for name, each in servers.items()},
        )
        assert told(stop(served_folder)) == {"postgres": "ended", "redis": "ended"}
        assert told(start(served_folder, BOTH)) == {"postgres": "started", "redis": "started"}
        read(served_folder)
        assert other.poll() is None
        other.kill()


def test_servers_whose_record_was_lost_are_replaced_and_never_run_twice(served_folder: Path) -> None:
    list(start(served_folder, BOTH))
    write(served_folder)
    lost = running_servers(served_folder)
    (served_folder / FOLDER / FILE).unlink()
    assert told(start(served_folder, BOTH)) == {"postgres": "started", "redis": "started"}
    assert not any(is_running(server.pid, server.started) for server in lost.values())
    read(served_folder)


def test_start_that_is_killed_half_way_is_made_good_by_the_next(served_folder: Path) -> None:
    command = [sys.executable, "-m", "engine", "up", "-C", str(served_folder)]
    for moment in (0.2, 0.5, 0.9):
        with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.DEVNULL) as process:
            time.sleep(moment)
            process.kill()
    assert set(told(start(served_folder, BOTH))) == set(BOTH)
    write(served_folder)
    read(served_folder)


def test_two_starts_at_once_start_one_server_of_each_kind(served_folder: Path) -> None:
    command = [sys.executable, "-m", "engine", "up", "-C", str(served_folder)]
    root = Path(__file__).parents[2]
    started = [subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0]
    words = sorted(line.split()[1] for text in said for line in text.splitlines() if line.startswith("PostgreSQL"))
    assert words == ["running", "running", "started"]
    assert sum("0001_platform.sql" in text for text in said) == 1
    with postgres_of(served_folder) as connection:
        assert pending(connection) == []


@pytest.mark.parametrize("name", ["with space, comma", "é#?%25&=", "long" * 25])
def test_workspace_may_lie_anywhere(served_folder: Path, name: str) -> None:
    root = served_folder / name
    root.mkdir()
    assert told(start(root, BOTH)) == {"postgres": "started", "redis": "started"}
    write(root)
    read(root)
    first = running_servers(root)
    sockets = [server.sockets for server in first.values() if server.sockets]
    assert told(stop(root)) == {"postgres": "stopped", "redis": "stopped"}
    assert not any(Path(folder).exists() for folder in sockets)
    assert [outcome.before for outcome in start(root, BOTH)] == [None, None]
    assert {name: server.url for name, server in running_servers(root).items()} == {
        name: server.url for name, server in first.items()
    }
    for server in running_servers(root).values():
        os.kill(server.pid, signal.SIGKILL)
        assert_gone(server)
    assert [outcome.before for outcome in start(root, BOTH)] == [None, None]
    read(root)
    list(stop(root))


def test_socket_whose_folder_is_taken_moves_and_running_workers_are_spoken_of(
    served_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = served_folder / ("long" * 25)
    root.mkdir()
    (root / "decisor.yaml").write_text("name: shop\n", "utf-8")
    list(start(root, ["redis"]))
    first = running_servers(root)["redis"]
    list(stop(root))
    taken = Path(first.sockets)
    taken.mkdir()
    try:
        assert main(["up", "-C", str(root)]) == 0
    finally:
        taken.rmdir()
    assert running_servers(root)["redis"].sockets != first.sockets
    assert f"its former address, {first.url}, is taken: restart running workers\n" in capsys.readouterr().out
    list(stop(root))


def test_workspace_may_be_closed_to_others(served_folder: Path) -> None:
    root = served_folder / "closed"
    root.mkdir(mode=0o700)
    assert told(start(root, BOTH)) == {"postgres": "started", "redis": "started"}
    write(root)
    list(stop(root))
    list(start(root, BOTH))
    read(root)
    list(stop(root))


def test_programs_that_the_account_cannot_reach_are_copied_once(
    served_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.storage.embedded import postgres
    from engine.storage.embedded.account import account_of

    monkeypatch.setenv("DECISOR_CACHE", str(served_folder / "cache"))
    closed = served_folder / "closed"
    closed.mkdir(mode=0o700)
    tree = postgres.wheel().programs.parent
    link = closed / "package" / tree.name
    link.parent.mkdir()
    for part in postgres.wheel().parts:
        place = link if part == tree else closed / f"package{part.suffix}"
        subprocess.run(["cp", "-a", str(part), str(place)], check=True)
    installation = postgres.Installation("copy", link / "bin")
    account = account_of(*installation.accounts)
    programs = installation.reachable(account)
    assert installation.reachable(account) == programs
    assert programs.is_relative_to(served_folder / "cache") == (account is not None)
    done = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("postgres (PostgreSQL) 18")


def test_commands_say_what_they_do(served_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "-C", str(served_folder)]) == 0
    first = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in first[:2]] == [["PostgreSQL", "started"], ["Redis", "started"]]
    assert first[2].startswith("migrations     ")
    assert "0001_platform.sql" in first[2]
    assert main(["up", "-C", str(served_folder)]) == 0
    second = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in second[:2]] == [["PostgreSQL", "running"], ["Redis", "running"]]
    assert second[2] == "migrations     none to apply"
    assert main(["down", "-C", str(served_folder)]) == 0
    assert capsys.readouterr().out.split() == ["Redis", "stopped", "PostgreSQL", "stopped"]
    assert main(["down", "-C", str(served_folder)]) == 0
    assert capsys.readouterr().out == "no server started by `decisor up` is running for this workspace\n"


def test_up_starts_what_the_workspace_had_until_told_to_do_without(
    served_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def launched(_root: Path, _known: Server | None, _adopt: bool) -> Server:  # noqa: FBT001 - as the others
        return Server("http://127.0.0.1:1", os.getpid(), start_instant(os.getpid()) or "", str(served_folder))

    monkeypatch.setitem(workspace._START, "elasticsearch", launched)
    up = ["up", "-C", str(served_folder)]

    def said(*options: str) -> str:
        assert main([*up, *options]) == 0
        return capsys.readouterr().out

    def ended(*, stopped: bool) -> None:
        servers = recorded_servers(served_folder)
        servers["elasticsearch"] = replace(servers["elasticsearch"], started="another boot/1", stopped=stopped)
        record(served_folder, servers)

    assert "Elasticsearch" not in said()
    assert "Elasticsearch  started    http://127.0.0.1:1\n" in said("--elasticsearch")
    again = (
        "Elasticsearch  started    http://127.0.0.1:1 (as before; `decisor up --no-elasticsearch` does without it)\n"
    )
    for stopped in (False, True):
        ended(stopped=stopped)
        assert again in said()
    ended(stopped=True)
    assert "Elasticsearch" not in said("--no-elasticsearch")
    assert "Elasticsearch" not in said()
    with postgres_of(served_folder) as connection:
        connection.execute("INSERT INTO follower VALUES ('an index', 0, 1)")
    assert "Elasticsearch  none       but an index follows this database" in said()


def test_what_the_environment_names_is_not_started(
    served_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DECISOR_REDIS_URL", "redis://ann:hunter2@127.0.0.1:1/0")
    assert main(["up", "-C", str(served_folder)]) == 0
    out = capsys.readouterr().out
    assert "Redis          configured redis://***@127.0.0.1:1/0 (DECISOR_REDIS_URL)\n" in out
    assert list(recorded_servers(served_folder)) == ["postgres"]


def test_database_of_another_decisor_is_refused_in_words(
    served_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["up", "-C", str(served_folder)]) == 0
    with postgres_of(served_folder) as connection:
        connection.execute("INSERT INTO migration (number, name, checksum) VALUES (9999, 'x', 'x')")
    assert main(["up", "-C", str(served_folder)]) == 2
    assert "the database has migration 9999" in capsys.readouterr().err


def test_server_that_cannot_start_shows_its_log(served_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    list(start(served_folder, ["redis"]))
    data = Path(running_servers(served_folder)["redis"].data) / "data"
    list(stop(served_folder))
    manifest = next(data.rglob("*.manifest"))
    manifest.write_text("damaged\n")
    assert main(["up", "-C", str(served_folder)]) == 2
    said = capsys.readouterr().err
    assert "Redis ended while starting; the end of" in said
    assert "manifest" in said


def test_elasticsearch_is_started_and_found_when_it_is_asked_for(served_folder: Path) -> None:
    from elasticsearch import Elasticsearch

    outcomes: list[Outcome] = list(start(served_folder, ["elasticsearch"]))
    assert [outcome.what for outcome in outcomes] == ["started"]
    url = locations_of(served_folder, {}).elasticsearch
    assert url == outcomes[0].server.url
    with Elasticsearch(url) as client:
        client.index(index="things", id="1", document={"a": 1})
    assert told(stop(served_folder)) == {"elasticsearch": "stopped"}
    with bound(int(url.rpartition(":")[2])):  # it takes its port again where that is free
        assert [outcome.before for outcome in start(served_folder, ["elasticsearch"])] == [url]
    other = locations_of(served_folder, {}).elasticsearch
    assert other is not None
    assert other != url
    with Elasticsearch(other) as client:
        assert client.get(index="things", id="1")["_source"] == {"a": 1}
    server = running_servers(served_folder)["elasticsearch"]
    os.kill(server.pid, signal.SIGKILL)
    assert_gone(server)
    with pytest.raises(ServerUnreachableError, match=rf"\(PID {server.pid}\) has ended since"):
        connect_elasticsearch(locations_of(served_folder, {}))


def bound(port: int) -> socket.socket:
    """A socket that listens on the port, once whoever listened there has gone."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def assert_gone(server: Server) -> None:
    until(lambda: not is_running(server.pid, server.started))


def test_record_of_servers_holds_what_is_needed_to_find_them_and_no_password(served_folder: Path) -> None:
    list(start(served_folder, ["redis"]))
    said = json.loads((served_folder / FOLDER / FILE).read_text())
    assert set(said["servers"]["redis"]) == {"url", "pid", "started", "data", "sockets", "stopped"}
    list(stop(served_folder))
    with pytest.raises(ServerUnreachableError):
        connect_redis(said["servers"]["redis"]["url"])
