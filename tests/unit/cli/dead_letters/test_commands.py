"""`decisor dead-letters`: what could not be taken in is listed with the reason, and taken in once it is mended."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from engine.encryption.keyring import keyring_of_file
from engine.encryption.payloads import seal_letter
from engine.storage import keys
from engine.storage.postgres import connect_postgres
from tests.servers.postgres import Database
from tests.servers.redis_servers import RedisServer
from tests.unit.cli.conftest import Decisor
from tests.unit.cli.test_ingest import event, lines

NOW = "2026-03-01T00:00:00Z"
LATER = "2026-03-01T01:00:00Z"
MENDED = "fields: {amount: {type: number}, shop: {type: keyword}}"


@pytest.fixture(autouse=True)
def letters(servers: None, shop: Path, decisor: Decisor) -> None:
    """Two events with a field that is not declared, one of the future, one that is none; and one that is good."""
    strange = [event(number, data={"amount": 20, "shop": "north"}) for number in (1, 2)]
    raw = lines(*strange, event(3, time=LATER), event(4)) + b"{\n"
    assert decisor("ingest", "-", stdin=raw).code == 0
    assert decisor("worker", "--drain", "--now", NOW).code == 0


@pytest.fixture
def database(wheel_database: Database) -> Any:
    """A connection to the database."""
    with connect_postgres(wheel_database.url, autocommit=True) as connection:
        yield connection


def mend(shop: Path) -> None:
    """Declare the field."""
    file = shop / "schemas/catalogue.yaml"
    file.write_text(file.read_text("utf-8").replace("fields: {amount: {type: number}}", MENDED), "utf-8")


def listed(decisor: Decisor, *options: object) -> list[dict[str, Any]]:
    """What `list` says, as JSON."""
    done = decisor("dead-letters", "list", "--format", "json", *options)
    assert (done.code, done.err) == (0, "")
    return [json.loads(line) for line in done.out.splitlines()]


def test_they_are_listed_with_the_reason(decisor: Decisor) -> None:
    done = decisor("dead-letters", "list")
    assert (done.code, done.err) == (0, "")
    heading, *rows = (re.split(r"  +", each.strip()) for each in done.out.splitlines())
    assert heading == ["number", "received at", "code", "customer", "type", "event id", "reason"]
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    assert {row[1] for row in rows} == {"2026-03-01T00:00:00.000Z"}
    nothing = "expected one JSON object, but column 2 reads: Expecting property name enclosed in double quotes"
    assert sorted(row[2:] for row in rows) == [
        ["broken", "-", "-", "-", nothing],
        ["broken", "c-1", "purchase", "e-1", "`data.shop` is not declared in the catalogue"],
        ["broken", "c-2", "purchase", "e-2", "`data.shop` is not declared in the catalogue"],
        ["future", "c-3", "purchase", "e-3", "`time` is more than 5 minutes ahead of the clock"],
    ]


def test_they_are_listed_as_json_some_of_them_or_all(decisor: Decisor) -> None:
    (future,) = listed(decisor, "--code", "future")
    assert future.keys() == {
        "id",
        "received_at",
        "source",
        "customer",
        "code",
        "reason",
        "replayed_at",
        "event",
        "type",
    }
    assert (future["customer"], future["code"], future["replayed_at"]) == ("c-3", "future", None)
    assert (future["event"], future["type"]) == ("e-3", "purchase")
    assert future["source"].startswith("events:")
    assert len(listed(decisor, "--code", "broken")) == 3
    assert listed(decisor, "--code", "failed") == []
    assert len(listed(decisor, "--limit", 2)) == 2
    assert decisor("dead-letters", "list", "--code", "failed").out == "no dead letters\n"


@pytest.mark.parametrize(
    "payload, sealed, shown",
    [
        (b'{"id": "e-9", "type": "purchase", "data": {"note": "secret"}}', False, ("purchase", "e-9")),
        (b'{"id": "e-9", "type": "secret"}', False, ("-", "e-9")),
        (b'{"id": "e-9", "type": "purchase"}', True, ("-", "-")),
        (b'{"id": ["e-9"], "type": "vis\\nit"}', False, ("-", "-")),
        (b'{"id": "", "type": "' + b"x" * 201 + b'"}', False, ("-", "-")),
        (b'{"id": "e-9", "data": "' + b"x" * 70_000 + b'"}', False, ("-", "-")),
        (b"\xff", False, ("-", "-")),
        (b"[" * 30_000, False, ("-", "-")),
    ],
)
def test_type_and_id_of_the_event_are_shown_where_they_can_be_read(
    payload: bytes, sealed: Any, shown: tuple[str, str], decisor: Decisor, database: psycopg.Connection
) -> None:
    database.execute(
        "INSERT INTO dead_letter (received_at, source, profile, code, reason, payload, sealed)"
        " VALUES (now(), 'events:0:9-9', 'c-9', 'failed', 'odd', %s, %s)",
        (payload, sealed),
    )
    done = decisor("dead-letters", "list", "--code", "failed")
    assert re.split(r"  +", done.out.strip())[-5:] == ["failed", "c-9", *shown, "odd"]


@pytest.mark.parametrize(
    "options, told",
    [
        (["--code", "odd"], "expected one of broken, future, failed, refused"),
        (["--limit", "0"], "expected a number of at least 1"),
        (["--limit", "-3"], "expected a number of at least 1"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: list[str], told: str, decisor: Decisor) -> None:
    done = decisor("dead-letters", "list", *options)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_once_mended_they_are_replayed_and_count(decisor: Decisor, shop: Path, valkey_empty: RedisServer) -> None:
    client: Any = valkey_empty.connect()
    assert client.smembers(keys.members("buyers")) == {b"c-4"}
    mend(shop)
    decisor("worker", "--drain", "--now", NOW)
    assert decisor("dead-letters", "replay", "--code", "broken") == (0, "3 events queued again\n", "")
    done = decisor("worker", "--drain", "--now", NOW)
    assert done.out.startswith("2 events stored, 1 among the dead letters (")
    assert client.smembers(keys.members("buyers")) == {b"c-1", b"c-2", b"c-4"}
    assert [(each["code"], each["customer"]) for each in listed(decisor)] == [("future", "c-3"), ("broken", None)]
    assert len(listed(decisor, "--all")) == 5
    assert decisor("dead-letters", "list", "--all").out.count("(replayed 20") == 3


def test_what_still_cannot_be_taken_in_becomes_a_new_dead_letter(decisor: Decisor) -> None:
    before = {each["id"] for each in listed(decisor)}
    assert decisor("dead-letters", "replay", "--all").out == "4 events queued again\n"
    assert listed(decisor) == []
    decisor("worker", "--drain", "--now", NOW)
    after = {each["id"] for each in listed(decisor)}
    assert len(after) == 4
    assert not before & after


def test_what_was_replayed_is_not_replayed_again_and_would_count_once(
    decisor: Decisor, shop: Path, database: psycopg.Connection
) -> None:
    mend(shop)
    decisor("worker", "--drain", "--now", NOW)
    number = next(each["id"] for each in listed(decisor) if each["customer"] == "c-1")
    assert decisor("dead-letters", "replay", number).out == "1 event queued again\n"
    none = f"{number}: no event of that number waits among the dead letters\n"
    assert decisor("dead-letters", "replay", number) == (1, "0 events queued again\n", none)
    database.execute("UPDATE dead_letter SET replayed_at = NULL")  # as if it had been killed before it could note it
    assert decisor("dead-letters", "replay", number).out == "1 event queued again\n"
    done = decisor("worker", "--drain", "--now", NOW)
    assert done.out.startswith("1 event stored, 1 duplicate dropped; ")


def test_what_came_too_early_is_taken_when_its_time_has_come(decisor: Decisor) -> None:
    assert decisor("dead-letters", "replay", "--code", "future").out == "1 event queued again\n"
    assert decisor("worker", "--drain", "--now", LATER).out.startswith("1 event stored; 1 entered segments, ")


def test_it_must_be_said_which(decisor: Decisor) -> None:
    done = decisor("dead-letters", "replay")
    assert done == (2, "", "decisor: which dead letters? Name their numbers, or --code, or --all: one of the three\n")
    assert decisor("dead-letters", "replay", "--code", "future", "--all") == done
    assert decisor("dead-letters", "replay", 1, "--code", "future") == done


def test_numbers_that_are_none_are_none(decisor: Decisor) -> None:
    done = decisor("dead-letters", "replay", 4_711, 10**30)
    assert (done.code, done.out) == (1, "0 events queued again\n")
    assert done.err.count(": no event of that number waits among the dead letters\n") == 2
    assert decisor("dead-letters", "replay", 1, 4_711).out == "1 event queued again\n"


def test_one_is_shown_with_its_content_when_asked_for(decisor: Decisor) -> None:
    letter = next(each for each in listed(decisor) if each["customer"] == "c-2")
    done = decisor("dead-letters", "show", letter["id"])
    assert (done.code, done.err) == (0, "")
    _heading, first, second = done.out.splitlines()
    assert re.split(r"  +", first)[-5:] == [
        "broken",
        "c-2",
        "purchase",
        "e-2",
        "`data.shop` is not declared in the catalogue",
    ]
    assert second == f"from {letter['source']}"
    revealed = decisor("dead-letters", "show", letter["id"], "--reveal").out.splitlines()
    assert json.loads(revealed[3])["data"]["shop"] == "north"
    assert json.loads(decisor("dead-letters", "show", letter["id"], "--format", "json").out) == {
        **letter,
        "opens": True,
    }
    as_json = decisor("dead-letters", "show", letter["id"], "--format", "json", "--reveal").out
    assert json.loads(json.loads(as_json)["payload"])["customer_id"] == "c-2"
    for none in (4_711, 10**30, -1):
        assert decisor("dead-letters", "show", "--", none).code == 2


def test_what_nobody_will_mend_is_discarded(decisor: Decisor, database: psycopg.Connection) -> None:
    database.execute(
        "INSERT INTO dead_letter (received_at, source, profile, code, reason, payload, sealed)"
        " VALUES (now(), 'index:c-9', 'c-9', 'refused', 'odd', '', false)"
    )
    (future,) = listed(decisor, "--code", "future")
    (refused,) = listed(decisor, "--code", "refused")
    assert decisor("dead-letters", "discard", future["id"]) == (0, "1 dead letter discarded\n", "")
    done = decisor("dead-letters", "discard", future["id"], refused["id"])
    assert (done.code, done.out) == (1, "0 dead letters discarded\n")
    assert done.err.count(": no dead letter has this number\n") == 2
    decisor("dead-letters", "replay", *[each["id"] for each in listed(decisor, "--code", "broken")][:2])
    assert decisor("dead-letters", "discard", "--code", "broken").out == "1 dead letter discarded\n"
    assert listed(decisor) == [refused]
    assert decisor("dead-letters", "discard", "--replayed").out == "2 dead letters discarded\n"
    assert listed(decisor, "--all") == [refused]
    for unclear in ([], [1, "--replayed"], ["--code", "broken", "--replayed"]):
        done = decisor("dead-letters", "discard", *unclear)
        assert (done.code, done.out) == (2, "")
        assert "one of the three" in done.err


def test_what_would_steer_the_terminal_is_escaped(decisor: Decisor, database: psycopg.Connection) -> None:
    database.execute(
        "INSERT INTO dead_letter (received_at, source, profile, code, reason, payload, sealed)"
        " VALUES (now(), 'events:0:9-9', %s, 'failed', %s, '', false)",
        ("esc\x1b[31mRED", "two\nlines \u202e"),
    )
    done = decisor("dead-letters", "list", "--code", "failed")
    words = ["failed", "esc\\u001b[31mRED", "-", "-", "two\\nlines \\u202e"]
    assert re.split(r"  +", done.out.strip())[-5:] == words
    (as_it_is,) = listed(decisor, "--code", "failed")
    assert (as_it_is["customer"], as_it_is["reason"]) == ("esc\x1b[31mRED", "two\nlines \u202e")


def test_a_database_that_was_never_migrated_is_told(
    decisor: Decisor, database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute("ALTER SCHEMA decisor RENAME TO elsewhere")
    done = decisor("dead-letters", "list")
    assert (done.code, done.out) == (2, "")
    assert (
        done.err
        == "decisor: the database has not been migrated; run `decisor up` or `decisor worker`, which migrate it\n"
    )


def test_sealed_ones_are_opened_when_they_are_replayed(
    decisor: Decisor, shop: Path, database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    decisor("dead-letters", "replay", "--all")
    decisor("keys", "generate", shop / "the.keys")
    monkeypatch.setenv("DECISOR_KEYS_FILE", str(shop / "the.keys"))
    decisor("worker", "--drain", "--now", NOW)
    waiting = "SELECT payload FROM dead_letter WHERE replayed_at IS NULL AND sealed"
    payloads = [bytes(row[0]) for row in database.execute(waiting)]
    assert len(payloads) == 4
    assert not [each for each in payloads if b"north" in each]
    assert {(each["customer"], each["type"], each["event"]) for each in listed(decisor)} == {
        (None, None, None),
        *((f"c-{number}", "purchase", f"e-{number}") for number in (1, 2, 3)),
    }
    number = next(each["id"] for each in listed(decisor) if each["customer"] == "c-1")
    assert '"shop":"north"' in decisor("dead-letters", "show", number, "--reveal").out.replace(" ", "")
    monkeypatch.setenv("DECISOR_KEYS_FILE", "")
    assert {(each["type"], each["event"]) for each in listed(decisor)} == {(None, None)}
    done = decisor("dead-letters", "show", number)
    assert (done.code, done.out.splitlines()[2].endswith(", sealed, and its key is not available")) == (0, True)
    assert decisor("dead-letters", "show", number, "--reveal").code == 2
    monkeypatch.setenv("DECISOR_KEYS_FILE", str(shop / "the.keys"))
    mend(shop)
    decisor("worker", "--drain", "--now", NOW)
    assert decisor("dead-letters", "replay", "--all").out == "4 events queued again\n"
    assert decisor("worker", "--drain", "--now", NOW).out.startswith("2 events stored, 2 among the dead letters ")


def test_one_that_cannot_be_opened_stays_and_the_others_go_on(
    decisor: Decisor, shop: Path, database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    decisor("keys", "generate", shop / "the.keys")
    source = "events:0:1-1"
    row = database.execute(
        "INSERT INTO dead_letter (received_at, source, code, reason, payload, sealed)"
        " VALUES (now(), %s, 'broken', 'it ends too early', %s, true) RETURNING id",
        (source, seal_letter(keyring_of_file(shop / "the.keys").current, b"{", source)),
    ).fetchone()
    assert row is not None
    (sealed,) = row
    decisor("keys", "generate", shop / "other.keys")
    for keys_file, told in ((str(shop / "other.keys"), "put it back there"), ("", "name the key file")):
        monkeypatch.setenv("DECISOR_KEYS_FILE", keys_file)
        database.execute("UPDATE dead_letter SET replayed_at = NULL")
        done = decisor("dead-letters", "replay", "--all")
        assert (done.code, done.out) == (1, "4 events queued again\n")
        assert done.err.startswith(f"{sealed}: ")
        assert told in done.err
        assert [each["id"] for each in listed(decisor)] == [sealed]
