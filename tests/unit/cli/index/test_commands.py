"""`decisor index`: the index is built anew and switched to; its state is told, and what keeps it from serving."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.index.names import all_indices
from tests.servers.postgres import Database
from tests.unit.cli.conftest import Decisor
from tests.unit.cli.test_ingest import event, lines

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

NOW = "2026-03-01T00:00:00Z"
ENCRYPTED = ("country: {type: keyword}", "country: {type: keyword, personal: true, encrypted: {search: equality}}")


@pytest.fixture
def alias(
    servers: None, monkeypatch: pytest.MonkeyPatch, elasticsearch: Elasticsearch, elasticsearch_url: str
) -> Iterator[str]:
    """An alias of this test's own; its indices are gone afterwards."""
    name = f"t{uuid.uuid4().hex}"
    monkeypatch.setenv("DECISOR_ELASTICSEARCH_URL", elasticsearch_url)
    monkeypatch.setenv("DECISOR_INDEX_ALIAS", name)
    yield name
    for each in all_indices(elasticsearch, name):
        elasticsearch.indices.delete(index=each.name)


@pytest.fixture
def filled(alias: str, shop: Path, decisor: Decisor) -> str:
    """Ten customers, taken in by a worker."""
    assert decisor("ingest", "-", stdin=lines(*[event(number) for number in range(10)])).code == 0
    assert decisor("worker", "--drain", "--quiet", "--now", NOW).code == 0
    return alias


def statuses(decisor: Decisor, code: int = 0) -> list[dict[str, Any]]:
    done = decisor("index", "status", "--format", "json")
    assert (done.code, done.err) == (code, "")
    return [json.loads(line) for line in done.out.splitlines()]


def test_a_rebuild_switches_and_keeps_the_index_before(filled: str, decisor: Decisor) -> None:
    [before] = statuses(decisor)
    done = decisor("index", "rebuild")
    assert done.code == 0
    first, second = re.escape(before["name"]), re.escape(before["name"][:-1] + "2")
    assert re.fullmatch(
        rf"{second} is live: 10 profiles, 10 of them compared by content; \d+\.\d s\n"
        rf"{first} is kept unchanged; erasures still apply to it\n",
        done.out,
    )
    assert done.err.splitlines()[0] == f"filled `{before['name'][:-1]}2` with 10 profiles"
    again = decisor("index", "rebuild", "--format", "json")
    told = json.loads(again.out)
    assert (told["previous"], told["removed"]) == (before["name"][:-1] + "2", [before["name"]])
    assert (told["profiles"], told["compared"], told["refused"]) == (10, 10, 0)
    assert [each["role"] for each in statuses(decisor)] == ["previous", "live"]


def test_the_status_tells_the_lag(filled: str, decisor: Decisor, wheel_database: Database) -> None:
    assert re.fullmatch(rf"{filled}-[0-9a-f]{{12}}-1: live, 10 documents, up to date\n", decisor("index", "status").out)
    with wheel_database.connect(autocommit=True) as connection:
        connection.execute("UPDATE partition SET seq = seq + 2 WHERE number IN (3, 5)")
        connection.execute("UPDATE follower SET name = replace(name, 'index', 'filling') WHERE partition = 7")
    lines_told = decisor("index", "status").out.splitlines()
    assert lines_told[0].endswith(": live, 10 documents, 4 changes behind")
    assert lines_told[1:] == ["  behind by partition: 3: 2, 5: 2", "  partitions still to fill: 7"]


def test_another_catalogue_does_not_fit_until_it_is_rebuilt(filled: str, shop: Path, decisor: Decisor) -> None:
    file = shop / "schemas/catalogue.yaml"
    file.write_text(file.read_text("utf-8").replace("  orders:", "  visits: {type: integer}\n  orders:"), "utf-8")
    done = decisor("index", "status")
    assert done.code == 1
    assert "is not the workspace's: `decisor index rebuild` builds a matching index" in done.out
    done = decisor("index", "rebuild")
    assert done.code == 0
    assert "the workers use another catalogue than this workspace" in done.err
    assert [each["fits"] for each in statuses(decisor)] == [False, True]


def test_an_index_from_before_a_field_was_encrypted_is_told_and_not_kept(
    filled: str, shop: Path, decisor: Decisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert decisor("keys", "generate", shop / "the.keys").code == 0
    monkeypatch.setenv("DECISOR_KEYS_FILE", str(shop / "the.keys"))
    file = shop / "schemas/catalogue.yaml"
    text = file.read_text("utf-8")
    assert ENCRYPTED[0] in text
    file.write_text(text.replace(*ENCRYPTED), "utf-8")
    told = "holds fields in plain text that the workspace encrypts (country): `decisor index rebuild` removes it"
    assert told in decisor("index", "status").out
    assert "holds in plain what the catalogue encrypts: country" in decisor("doctor").out
    assert decisor("worker", "--drain", "--quiet", "--now", NOW).code == 1  # the index does not fit yet
    done = decisor("index", "rebuild")
    assert done.code == 0
    assert done.out.splitlines()[-2].endswith("-1 was removed")
    assert done.out.endswith("was not kept, as it held values in plain text that are now encrypted: country\n")
    assert [(each["role"], each["plain"]) for each in statuses(decisor)] == [("live", [])]


def test_before_the_first_index_the_status_says_how_to_get_one(alias: str, shop: Path, decisor: Decisor) -> None:
    wanted = f"no index is live under `{alias}`: `decisor worker` or `decisor index rebuild` creates one\n"
    assert decisor("index", "status") == (1, wanted, "")


def test_what_is_missing_is_told(
    filled: str, decisor: Decisor, wheel_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with wheel_database.connect(autocommit=True) as connection:
        connection.execute("DELETE FROM follower")
    done = decisor("index", "status")
    assert done.code == 1
    assert "this database does not know its progress: `decisor index rebuild` builds another index" in done.out
    monkeypatch.setenv("DECISOR_INDEX_ALIAS", "No!")
    assert decisor("index", "status").err.startswith("decisor: DECISOR_INDEX_ALIAS: `No!` is not a name for an alias")
    monkeypatch.delenv("DECISOR_ELASTICSEARCH_URL")
    done = decisor("index", "rebuild")
    assert (done.code, done.err) == (
        2,
        (
            "decisor: no Elasticsearch is configured: set DECISOR_ELASTICSEARCH_URL, or start one with `decisor up"
            " --elasticsearch`\n"
        ),
    )
