"""`decisor doctor` in a workspace: what its catalogue asks of keys and of the index is compared with what there is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from engine.index.names import all_indices
from engine.storage import keys
from engine.storage.partitions import take_ownership
from engine.storage.postgres import connect_postgres
from tests.servers.postgres import Database
from tests.servers.redis_servers import RedisServer
from tests.unit.cli.conftest import Decisor
from tests.unit.cli.test_ingest import event, lines

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

NOW = "2026-03-01T00:00:00Z"
AMOUNT = "fields: {amount: {type: number}}"


@pytest.fixture
def database(servers: None, wheel_database: Database) -> Iterator[psycopg.Connection]:
    """A connection to the database."""
    with connect_postgres(wheel_database.url, autocommit=True) as connection:
        yield connection


def edit(shop: Path, old: str, new: str) -> None:
    """Change the catalogue."""
    file = shop / "schemas/catalogue.yaml"
    file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")


def found(decisor: Decisor, name: str) -> list[tuple[str, str]]:
    """The problems of one server, but those of the tests' servers."""
    said = json.loads(decisor("doctor", "--format", "json").out)["servers"]
    problems = [problem for each in said if each["name"] == name for problem in each["problems"]]
    return [(each["what"], each["mend"]) for each in problems]


def names(decisor: Decisor) -> list[str]:
    return [each["name"] for each in json.loads(decisor("doctor", "--format", "json").out)["servers"]]


def test_keys_are_looked_at_where_fields_are_encrypted(
    shop: Path, decisor: Decisor, database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Keys" not in names(decisor)
    edit(shop, "country: {type: keyword}", "country: {type: keyword, encrypted: {search: equality}}")
    [(what, mend)] = found(decisor, "Keys")
    assert what == "the catalogue `customer` has encrypted fields, and there are no keys"
    assert "decisor keys generate FILE" in mend
    monkeypatch.setenv("DECISOR_KEYS_FILE", str(shop / "the.keys"))
    [(what, mend)] = found(decisor, "Keys")
    assert "cannot be read" in what
    assert mend == "correct what DECISOR_KEYS_FILE names"
    decisor("keys", "generate", shop / "the.keys")
    assert found(decisor, "Keys") == []
    assert decisor("worker", "--drain", "--now", NOW).code == 0
    facts: Any = database.execute("SELECT name FROM fact WHERE name IN ('master_key', 'hash_keys')").fetchall()
    assert found(decisor, "Keys") == []
    assert database.execute("SELECT name FROM fact WHERE name IN ('master_key', 'hash_keys')").fetchall() == facts
    assert decisor("ingest", "-", stdin=lines({**event(1), "type": "$set", "data": {"country": "se"}})).code == 0
    assert decisor("worker", "--drain", "--now", NOW).code == 0
    assert found(decisor, "Keys") == []
    decisor("keys", "generate", shop / "other.keys")
    monkeypatch.setenv("DECISOR_KEYS_FILE", str(shop / "other.keys"))
    problems = found(decisor, "Keys")
    assert problems
    assert all("is used by the database, and not among the keys" in what for what, _ in problems)
    assert any(what.startswith("the master key `m-") for what, _ in problems)


def test_a_workspace_with_errors_is_told(shop: Path, decisor: Decisor, servers: None) -> None:
    edit(shop, "spend: {type: number}", "spend: {type: strange}")
    assert names(decisor) == ["Redis", "PostgreSQL", "Elasticsearch", "Workspace"]
    [(what, mend)] = found(decisor, "Workspace")
    assert what == "it has errors, so keys and the index were not compared with its catalogue"
    assert "`decisor check`" in mend
    done = decisor("doctor")
    assert done.code == 1
    assert what in done.out


def test_who_works_and_what_waits_is_told(shop: Path, decisor: Decisor, database: psycopg.Connection) -> None:
    def facts() -> list[str]:
        said = json.loads(decisor("doctor", "--format", "json").out)["servers"]
        return [said[1]["facts"][name] for name in ("workers", "dead letters", "erasures")]

    assert facts() == ["none runs", "none waiting", "none open"]
    assert decisor("ingest", "-", stdin=b"{\n").code == 0
    assert decisor("worker", "--drain", "--now", NOW).code == 0
    assert take_ownership(database, 3)
    assert take_ownership(database, 4)
    database.execute("INSERT INTO outbox (partition, seq, profile, kind) VALUES (0, 1, 'c-1', 'erase')")
    assert facts() == [
        "1, owning 2 of 16 partitions",
        "1 waiting; `decisor dead-letters list`",
        "1 not done; a worker goes on with them, and so does `decisor erase`",
    ]


def test_a_database_older_than_redis_is_a_problem_until_a_worker_has_run(
    shop: Path, decisor: Decisor, servers: None, valkey_empty: RedisServer
) -> None:
    def problems() -> list[tuple[str, str]]:
        return [each for each in found(decisor, "Redis") if "PostgreSQL" in each[0]]

    assert decisor("worker", "--drain", "--now", NOW).code == 0
    assert problems() == []
    client = valkey_empty.connect()
    client.set(keys.published_cursor(3), 1_000)
    [(what, mend)] = problems()
    assert what == "it holds more than PostgreSQL in 1 partition, as after a restored backup of PostgreSQL"
    assert "`decisor segments reconcile`" in mend
    assert decisor("worker", "--drain", "--now", NOW).code == 0
    assert problems() == []


def test_values_that_fields_may_not_hold_are_told(shop: Path, decisor: Decisor, servers: None) -> None:
    def fact() -> str:
        text: str = json.loads(decisor("doctor", "--format", "json").out)["servers"][1]["facts"]["refused values"]
        return text

    assert fact() == "none"
    edit(shop, "country: {type: keyword}", "country: {type: keyword, values: [SE]}")
    edit(shop, AMOUNT, f"{AMOUNT[:-1]}, country: {{type: keyword}}}}\nsets: {{country: country}}")
    orders = ({**event(number), "data": {"country": country}} for number, country in enumerate(("US", "SE", "FR")))
    assert decisor("ingest", "-", stdin=lines(*orders)).code == 0
    done = decisor("worker", "--drain", "--now", NOW)
    assert "2 values left out, as their profile field may not hold them" in done.out
    assert fact() == "`country` by `purchase` 2; they are missing, as the field may not hold them"


def test_an_index_of_another_mapping_is_told(
    shop: Path,
    decisor: Decisor,
    database: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    elasticsearch: Elasticsearch,
    elasticsearch_url: str,
) -> None:
    alias = f"t{uuid4().hex}"
    monkeypatch.setenv("DECISOR_ELASTICSEARCH_URL", elasticsearch_url)
    monkeypatch.setenv("DECISOR_INDEX_ALIAS", alias)
    try:
        assert decisor("worker", "--drain", "--now", NOW).code == 0
        assert found(decisor, "Elasticsearch") == []
        edit(shop, "orders: {type: integer}", "orders: {type: integer}\n  city: {type: keyword}")
        [(what, mend)] = found(decisor, "Elasticsearch")
        assert what.endswith("has another mapping than the workspace's catalogue asks for")
        assert mend == "`decisor index rebuild` builds one that fits"
        database.execute("DELETE FROM follower")
        assert len(found(decisor, "Elasticsearch")) == 2
    finally:
        for each in all_indices(elasticsearch, alias):
            elasticsearch.indices.delete(index=each.name)
