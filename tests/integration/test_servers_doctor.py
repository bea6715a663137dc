"""`decisor doctor` on real servers: what is dangerous is named with what mends it, and nothing secret is said."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from engine.cli.app import main
from engine.storage.doctor import Examination, examine
from engine.storage.embedded import valkey
from engine.storage.embedded.postgres import DURABLE
from engine.storage.embedded.process import is_running
from engine.storage.embedded.state import Server, record, running_servers
from engine.storage.embedded.workspace import start, stop
from engine.storage.migrate import migrate
from tests.servers import redis_servers
from tests.servers.faults import PrivatePostgres, PrivateRedis
from tests.servers.postgres import Database, Postgres
from tests.servers.redis_cluster import free_ports
from tests.servers.redis_servers import RedisServer

REDIS, POSTGRES, ELASTICSEARCH = range(3)


def examination(number: int, **environ: str) -> Examination:
    return examine(None, environ)[number]


def problems(examined: Examination) -> list[str]:
    return [problem.what for problem in examined.problems]


@pytest.fixture(scope="module")
def safe_redis() -> Iterator[RedisServer]:
    with redis_servers.running("valkey", valkey.DURABLE) as server:
        yield server


@pytest.fixture(scope="module")
def safe_postgres() -> Iterator[PrivatePostgres]:
    with PrivatePostgres() as server:
        server.stop()
        server.settings = DURABLE
        server.start()
        yield server


@pytest.fixture
def served_folder(served_folder: Path) -> Path:
    """With a catalogue, so that it compiles."""
    text = "apiVersion: v1\nkind: Profile\nname: customer\nkey: customer_id\nfields: {spend: {type: number}}\n"
    (served_folder / "schemas").mkdir()
    (served_folder / "schemas/catalogue.yaml").write_text(text, "utf-8")
    return served_folder


def test_healthy_servers_have_no_problem(safe_redis: RedisServer, safe_postgres: PrivatePostgres) -> None:
    with psycopg.connect(safe_postgres.url, autocommit=True) as connection:
        migrate(connection)
    environ = {"DECISOR_REDIS_URL": safe_redis.url, "DECISOR_POSTGRES_URL": safe_postgres.url}
    redis, postgres, elasticsearch = examine(None, environ)
    assert problems(redis) == problems(postgres) == problems(elasticsearch) == []
    assert redis.reachable
    assert redis.source == "DECISOR_REDIS_URL"
    assert redis.facts["appendonly"] == "yes"
    assert redis.version is not None
    assert redis.version.startswith("Valkey ")
    assert postgres.reachable
    assert postgres.version is not None
    assert postgres.version.startswith("PostgreSQL 18.")
    assert postgres.facts["migrations"] == "all applied"
    assert elasticsearch.source == "none; membership is built from PostgreSQL"


def test_redis_that_forgets_is_reported(redis_server: RedisServer) -> None:
    client: Any = redis_server.connect()
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        examined = examination(REDIS, DECISOR_REDIS_URL=redis_server.url)
    finally:
        client.config_set("maxmemory-policy", "noeviction")
        client.close()
    first, second = examined.problems
    assert first.what.startswith("maxmemory-policy is allkeys-lru: when memory runs out")
    assert first.mend.startswith("CONFIG SET maxmemory-policy noeviction")
    assert second.what.startswith("appendonly is off")
    assert examined.version is not None
    assert examined.version.startswith("Valkey 9" if redis_server.name == "valkey" else "Redis ")


def test_each_node_of_a_cluster_is_looked_at(redis_cluster: RedisServer) -> None:
    examined = examination(REDIS, DECISOR_REDIS_URL=redis_cluster.url)
    assert examined.facts["nodes"] == "3"
    assert len(examined.problems) == 3
    assert all("appendonly is off" in what for what in problems(examined))
    assert all(what.startswith("node 127.0.0.1:") for what in problems(examined))


def test_node_of_a_cluster_named_as_a_single_server_is_reported(redis_cluster: RedisServer) -> None:
    examined = examination(REDIS, DECISOR_REDIS_URL=redis_cluster.url.replace("redis+cluster:", "redis:"))
    assert "it is a node of a Cluster" in problems(examined)


def test_replica_is_reported(safe_redis: RedisServer) -> None:
    with PrivateRedis() as server:
        client: Any = redis_servers.RedisServer("valkey", server.url).connect()
        client.replicaof("127.0.0.1", free_ports(1)[0])
        client.close()
        examined = examination(REDIS, DECISOR_REDIS_URL=server.url)
    assert problems(examined) == ["it is a replica, which takes no writes"]


def test_postgres_that_may_lose_commits_is_reported(postgres: Postgres) -> None:
    examined = examination(POSTGRES, DECISOR_POSTGRES_URL=postgres.url)
    said = problems(examined)
    assert [what.split(" is off")[0] for what in said[:3]] == ["fsync", "full_page_writes", "synchronous_commit"]
    assert said[3].startswith("migrations are pending: 0001_platform.sql")
    assert examined.problems[3].mend == "`decisor up` applies them"


def test_database_of_a_newer_decisor_is_reported(postgres_database: Database) -> None:
    with postgres_database.connect(autocommit=True) as connection:
        connection.execute("INSERT INTO migration (number, name, checksum) VALUES (9999, 'x', 'x')")
    last = examination(POSTGRES, DECISOR_POSTGRES_URL=postgres_database.url).problems[-1]
    assert "the database has migration 9999" in last.what
    assert last.mend == "install a newer decisor"


def test_database_in_another_encoding_is_reported(postgres_wheel: Postgres) -> None:
    with postgres_wheel.connect(autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
        try:
            url = postgres_wheel.url.replace("/postgres?", "/latin?")
            assert "the database stores text as LATIN1" in problems(examination(POSTGRES, DECISOR_POSTGRES_URL=url))
        finally:
            connection.execute("DROP DATABASE latin WITH (FORCE)")


def test_elasticsearch_tells_its_version_and_health(elasticsearch_url: str) -> None:
    examined = examination(ELASTICSEARCH, DECISOR_ELASTICSEARCH_URL=elasticsearch_url)
    assert examined.version == "Elasticsearch 9.5.3"
    assert examined.facts["health"] in {"green", "yellow"}
    assert examined.facts["disk"].endswith(" GB free")
    assert problems(examined) == []


def test_servers_that_cannot_be_reached_are_told_with_what_mends_it_and_without_secrets(
    served_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DECISOR_REDIS_URL", "redis://ann:hunter2@127.0.0.1:1/0")
    monkeypatch.setenv("DECISOR_POSTGRES_URL", "postgresql://ann:hunter2@127.0.0.1:1/a?sslpassword=hunter2")
    monkeypatch.setenv("DECISOR_ELASTICSEARCH_URL", "https://ann:hunter2@127.0.0.1:1")
    monkeypatch.setenv("DECISOR_ELASTICSEARCH_API_KEY", "hunter2")
    assert main(["doctor", "-C", str(served_folder)]) == 1
    text = capsys.readouterr().out
    assert "hunter2" not in text
    assert text.count("  problem: ") == text.count("    mend: ") == 3
    assert text.endswith("\n3 problems\n")
    assert "Redis: redis://***@127.0.0.1:1/0 (DECISOR_REDIS_URL)\n" in text
    assert main(["doctor", "-C", str(served_folder), "--format", "json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert "hunter2" not in json.dumps(said)
    assert said["problems"] == 3
    assert [server["reachable"] for server in said["servers"]] == [False, False, False]
    assert [server["name"] for server in said["servers"]] == ["Redis", "PostgreSQL", "Elasticsearch"]


def test_servers_of_a_workspace_are_looked_at_from_start_to_end(
    served_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["doctor", "-C", str(served_folder)]
    assert main(command) == 1
    assert capsys.readouterr().out.count("problem: none is known\n    mend: `decisor up` starts one, or DECISOR_") == 2
    list(start(served_folder, ["postgres", "redis"]))
    assert main(command) == 1
    assert "problem: migrations are pending: 0001_platform.sql" in capsys.readouterr().out
    assert main(["up", "-C", str(served_folder)]) == 0
    capsys.readouterr()
    assert main(command) == 0
    out = capsys.readouterr().out
    assert out.endswith("\nno problems\n")
    assert out.count("(started by `decisor up`)") == out.count(" GB free") == 2
    killed = running_servers(served_folder)["redis"]
    os.kill(killed.pid, signal.SIGKILL)
    while is_running(killed.pid, killed.started):
        time.sleep(0.01)
    assert main(command) == 1
    out = capsys.readouterr().out
    assert "Redis: started by `decisor up`, and has ended since\n  problem: it is not running" in out
    (log,) = re.findall("`decisor up` starts it again; the end of `(.+)` may show why", out)
    assert Path(log).is_file()
    list(stop(served_folder))


def test_elasticsearch_that_ended_is_started_with_its_option(served_folder: Path) -> None:
    (served_folder / ".decisor").mkdir()
    record(served_folder, {"elasticsearch": Server("http://127.0.0.1:1", 2**22 + 1, "never", "/away")})
    (problem,) = examine(served_folder, {})[ELASTICSEARCH].problems
    assert problem.mend == (
        "`decisor up --elasticsearch` starts it again; the end of `/away/server/log` may show why it ended"
    )


def test_doctor_needs_no_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], safe_redis: RedisServer
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DECISOR_POSTGRES_URL", "DECISOR_ELASTICSEARCH_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DECISOR_REDIS_URL", safe_redis.url)
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out.endswith("\n1 problem\n")
