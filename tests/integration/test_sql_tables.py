"""The table that `decisor mapping` prints, made and filled as it says, then asked what `decisor compile` prints."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest

from engine.cli.app import main
from tests.servers.postgres import Database

FILES = {
    "decisor.yaml": "name: shop\n",
    "schemas/profile.yaml": """\
apiVersion: v1
kind: Profile
name: customer
key: customer_id
fields:
  ctid: {type: keyword}
  xmin: {type: object, fields: {cmax: {type: keyword}, note: {type: text}}}
  bio: {type: text}
  tags: {type: keyword, list: true}
  orders: {type: object, list: true, fields: {sku: {type: keyword}, amount: {type: number}}}
  home: {type: geo_point}
""",
    "segments/s.yaml": """\
apiVersion: v1
kind: Segment
name: found
conditions:
  - {field: ctid, operator: equals, value: a}
  - {field: xmin.cmax, operator: equals, value: "quo\\"te\\\\,"}
  - {field: bio, operator: contains, value: jazz}
  - {field: xmin.note, operator: contains_phrase, value: free jazz}
  - {field: tags, operator: contains, value: new}
  - element: {of: orders, all: [{field: sku, operator: equals, value: cd-1}]}
""",
}
PROFILES = [
    {
        "customer_id": "c-1",
        "ctid": "a",
        "xmin": {"cmax": 'quo"te\\,', "note": "Free jazz!\nÜmlaut"},
        "bio": "plays jazz",
        "tags": ["new", "vip"],
        "orders": [{"sku": "cd-1", "amount": 2.5}],
        "home": {"lat": 52.5, "lon": 13.4},
    },
    {"customer_id": "c-2", "ctid": "b"},
]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    lines = [json.dumps(each, ensure_ascii=False) for each in PROFILES]
    (tmp_path / "profiles.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main([*words]) == 0
    return capsys.readouterr().out


def statements(text: str) -> tuple[str, list[str]]:
    """The statement that creates the table, and those that fill it."""
    lines = text.splitlines()
    create = "\n".join(line for line in lines if not line.startswith("--"))
    return create, [line.removeprefix("-- ") for line in lines if line.startswith("-- ")][1:]


def query(capsys: pytest.CaptureFixture[str], target: str) -> tuple[str, dict[str, object]]:
    text = printed(capsys, "compile", "found", "--target", target)
    parameters = dict(re.findall(r"^-- (\w+) = (.*)$", text, re.MULTILINE))
    return text.split(";\n--")[0], {name: json.loads(value) for name, value in parameters.items()}


def test_postgres_finds_whom_it_was_filled_with(
    workspace: Path, postgres_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    create, (incoming, copy, insert) = statements(printed(capsys, "mapping", "--target", "sql:postgres"))
    rows = printed(capsys, "mapping", "--target", "sql:postgres", "--rows", "profiles.jsonl")
    assert copy.startswith("\\copy incoming FROM 'rows.jsonl' ")  # psql's own command, which the client here lacks
    with postgres_database.connect() as connection:
        connection.execute("CREATE SCHEMA own; SET search_path TO own")
        connection.execute(create.encode())
        connection.execute(incoming.encode())
        server_copy = copy.replace("\\copy", "COPY").replace("'rows.jsonl'", "STDIN")
        with connection.cursor().copy(server_copy.encode()) as stream:
            stream.write(rows)
        connection.execute(insert.encode())
        statement, parameters = query(capsys, "sql:postgres")
        assert connection.execute(statement.encode(), parameters).fetchall() == [("c-1",)]


def test_duckdb_finds_whom_it_was_filled_with(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    create, (insert,) = statements(printed(capsys, "mapping", "--target", "sql:duckdb"))
    rows = printed(capsys, "mapping", "--target", "sql:duckdb", "--rows", "profiles.jsonl")
    (workspace / "rows.jsonl").write_text(rows, "utf-8")
    with duckdb.connect() as connection:
        connection.execute(create)
        connection.execute(insert)
        statement, parameters = query(capsys, "sql:duckdb")
        assert connection.execute(statement, parameters).fetchall() == [("c-1",)]


def test_rows_of_the_index_are_its_documents(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = printed(capsys, "mapping", "--rows", "profiles.jsonl")
    assert json.loads(rows.splitlines()[1]) == {"customer_id": "c-2", "ctid": "b"}
    assert workspace.is_dir()


def test_profiles_that_cannot_be_stored_are_told_by_line(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    profile = workspace / "schemas/profile.yaml"
    profile.write_text(
        profile.read_text("utf-8").replace(
            "bio: {type: text}",
            "bio: {type: text}\n  email: {type: keyword, encrypted: {search: equality}}",
        ),
        "utf-8",
    )
    (workspace / "profiles.jsonl").write_text('{"customer_id": "c-1", "email": "a@b.c"}\n{"ctid": 3}\n', "utf-8")
    assert main(["mapping", "--target", "sql:duckdb", "--rows", "profiles.jsonl"]) == 1
    done = capsys.readouterr()
    assert done.out == ""
    assert "profiles.jsonl:1: `email` is encrypted" in done.err
    assert "profiles.jsonl:2: " in done.err
    assert "a@b.c" not in done.err
