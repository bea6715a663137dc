"""`decisor segments …`: from a rebuild to the question why, on real servers."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine.rebuilds.lease import hold_leases
from engine.segments import claim
from engine.storage import keys
from engine.storage.partitions import partition_of, take_ownership
from engine.storage.postgres import connect_postgres
from engine.worker import overrides
from engine.worker.publish import settle
from tests.servers.postgres import Database
from tests.servers.redis_servers import RedisServer
from tests.unit.cli.conftest import Decisor, write
from tests.unit.cli.test_ingest import lines

NOW = "2026-03-01T00:00:00Z"
LATER = "2026-03-02T00:00:00Z"
UNKNOWN = "this customer is not stored: they have sent no event so far, or were erased\n"


@pytest.fixture
def client(servers: None, valkey_empty: RedisServer) -> Any:
    """A client of the Redis."""
    return valkey_empty.connect()


def set_event(number: int, **data: Any) -> dict[str, Any]:
    """An event that sets fields of a customer."""
    return {"id": f"s-{number}", "type": "$set", "customer_id": f"c-{number}", "time": NOW, "data": data}


@pytest.fixture
def running(shop: Path, decisor: Decisor, client: Any) -> Path:
    """The shop with ten customers, who spent 0, 100, …, 900."""
    events = [set_event(number, spend=number * 100, last_order_at="2026-02-20T00:00:00.000Z") for number in range(10)]
    assert decisor("ingest", "-", stdin=lines(*events)).code == 0
    assert decisor("worker", "--drain", "--quiet", "--now", NOW) == (0, "", "")
    return shop


def edit(shop: Path, old: str, new: str) -> None:
    """Change the segments' file."""
    file = shop / "segments/vips.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_members_are_printed_counted_and_paged(running: Path, decisor: Decisor) -> None:
    done = decisor("segments", "members", "vips")
    assert sorted(done.out.split()) == ["c-5", "c-6", "c-7", "c-8", "c-9"]
    assert decisor("segments", "count", "vips") == (0, "5\n", "")
    assert decisor("segments", "count", "vips", "segment/buyers") == (0, "5  vips\n0  buyers\n", "")
    assert json.loads(decisor("segments", "count", "vips", "--format", "json").out) == {"vips": 5}
    every = decisor("segments", "count")
    assert every == (0, "5  active_vips\n0  buyers\n5  vips\n", "total: 10 memberships in 3 segments\n")
    assert json.loads(decisor("segments", "count", "--format", "json").out) == {
        "active_vips": 5,
        "buyers": 0,
        "vips": 5,
    }
    cursor: Any = "0"
    found: list[str] = []
    for size in (2, 2, 1):
        given = ("--limit", 2, "--cursor", cursor, "--format", "json")
        page = json.loads(decisor("segments", "members", "vips", *given).out)
        assert page["segment"] == "vips"
        assert len(page["members"]) == size
        cursor, found = page["cursor"], [*found, *page["members"]]
    assert cursor is None
    assert sorted(found) == ["c-5", "c-6", "c-7", "c-8", "c-9"]
    assert decisor("segments", "members", "vips", "--cursor", "no").code == 2
    paged = decisor("segments", "members", "vips", "--cursor", 0)
    assert sorted(paged.out.split()) == ["c-5", "c-6", "c-7", "c-8", "c-9"]
    assert paged.err == "no further members\n"
    assert [json.loads(each) for each in decisor("segments", "members", "vips", "--format", "json").out.split()]


def test_a_customers_segments_are_shown(running: Path, decisor: Decisor) -> None:
    assert decisor("segments", "show", "c-9") == (0, "active_vips\nvips\n", "")
    assert decisor("segments", "show", "c-0") == (0, "", "")
    assert decisor("segments", "show", "nobody") == (1, "", UNKNOWN)
    assert decisor("segments", "show", "nobody", "--format", "json") == (1, "[]\n", UNKNOWN)
    assert json.loads(decisor("segments", "show", "c-9", "--format", "json").out) == ["active_vips", "vips"]


def test_a_misspelled_segment_is_told(running: Path, decisor: Decisor) -> None:
    for command in (["members", "vip"], ["count", "vip"], ["union", "vips", "vip"], ["explain", "vip", "c-1"]):
        done = decisor("segments", *command)
        assert done.code == 2
        assert "`vip` is not a segment; did you mean `vips`?" in done.err


def test_segments_are_combined(running: Path, decisor: Decisor, client: Any) -> None:
    edit(running, "value: 500}", "value: 300}")
    assert decisor("segments", "rebuild", "vips", "--now", NOW).code == 0
    assert decisor("segments", "intersect", "vips", "active_vips", "--count") == (0, "5\n", "")
    assert sorted(decisor("segments", "difference", "vips", "active_vips").out.split()) == ["c-3", "c-4"]
    assert decisor("segments", "union", "vips", "active_vips", "--store", "both") == (0, "7\n", "")
    assert client.scard(keys.members("both")) == 7
    assert decisor("segments", "count", "both").out == "7\n"
    refused = decisor("segments", "union", "vips", "buyers", "--store", "buyers")
    assert refused.code == 2
    assert "`buyers` is a segment with conditions of its own" in refused.err
    assert decisor("segments", "union", "vips", "buyers", "--store", "Both").code == 2
    assert decisor("segments", "union", "vips", "buyers", "--store", "both", "--count").code == 2


def test_a_set_that_others_are_filling_is_not_stored(
    running: Path, decisor: Decisor, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "PATIENCE", 0.0)
    client.set(keys.claim("both"), "process 7 on elsewhere 0123")
    refused = decisor("segments", "union", "vips", "buyers", "--store", "both")
    assert refused.code == 2
    assert "`both` is being filled by process 7 on elsewhere: wait for it to finish, then try again" in refused.err
    assert not client.exists(keys.members("both"))


@pytest.mark.parametrize("operation", ["intersect", "union", "difference"])
def test_one_segment_is_no_combination(operation: str, shop: Path, decisor: Decisor) -> None:
    done = decisor("segments", operation, "vips")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"decisor: {operation}: expected two segments or more, found one")


def test_ids_do_not_steer_the_terminal(running: Path, decisor: Decisor, client: Any) -> None:
    client.sadd(keys.members("buyers"), "esc\x1b[31mRED", "nl\nx")
    told = ["esc\\u001b[31mRED", "nl\\nx"]
    assert sorted(decisor("segments", "members", "buyers").out.splitlines()) == told
    assert sorted(decisor("segments", "members", "buyers", "--cursor", 0).out.splitlines()) == told
    assert sorted(decisor("segments", "difference", "buyers", "vips").out.splitlines()) == told
    as_json = decisor("segments", "members", "buyers", "--format", "json").out.splitlines()
    assert {json.loads(each) for each in as_json} == {"esc\x1b[31mRED", "nl\nx"}
    decisor("segments", "add", "vips", "c-0", "--reason", "a\nb", "--now", NOW)
    assert "(manual: a\\nb; " in decisor("segments", "history", "c-0").out
    assert ": a\\nb\n" in decisor("segments", "explain", "vips", "c-0", "--now", NOW).out


def test_a_segment_that_does_not_run_yet_is_empty_with_a_hint(running: Path, decisor: Decisor) -> None:
    text = "apiVersion: v1\nkind: Segment\nname: fresh\nconditions: [{field: spend, operator: greater, value: 1}]\n"
    (running / "segments/fresh.yaml").write_text(text.replace("greater,", "greater_than,"), "utf-8")
    hint = "`fresh` does not run yet, so it has no members; `decisor segments rebuild fresh` fills it\n"
    assert decisor("segments", "count", "fresh") == (0, "0\n", hint)
    assert decisor("segments", "members", "fresh") == (0, "", hint)
    assert decisor("segments", "at", NOW, "fresh", "--now", NOW, "--count") == (0, "0\n", "")
    for command in (["explain", "fresh", "c-1"], ["add", "fresh", "c-1", "--reason", "x"]):
        done = decisor("segments", *command)
        assert done == (2, "", "decisor: `fresh` does not run: `decisor segments rebuild fresh` fills it first\n")
    assert decisor("segments", "count", "buyers") == (0, "0\n", "")


def test_what_is_not_as_it_is_written_is_rebuilt(running: Path, decisor: Decisor) -> None:
    assert decisor("segments", "rebuild", "--now", NOW) == (
        0,
        "",
        "every segment is up to date; --full rebuilds them anyway\n",
    )
    edit(running, "value: 500}", "value: 800}")
    status = decisor("segments", "status").out
    assert "differs from the workspace" in next(each for each in status.splitlines() if each.startswith("vips:"))
    done = decisor("segments", "rebuild", "--now", LATER)
    assert done.code == 0
    assert "vips: 2 members, 0 entered, 3 left; from postgres, " in done.out
    assert "active_vips: 2 members, 0 entered, 3 left" in done.out
    assert "buyers" not in done.out
    assert sorted(decisor("segments", "members", "vips").out.split()) == ["c-8", "c-9"]
    assert decisor("segments", "show", "c-5") == (0, "", "")
    assert "otherwise" not in decisor("segments", "status").out
    full = [json.loads(each) for each in decisor("segments", "rebuild", "--full", "--format", "json").out.splitlines()]
    assert [each["name"] for each in full] == ["active_vips", "buyers", "vips"]


def test_the_past_can_be_asked(running: Path, decisor: Decisor) -> None:
    edit(running, "value: 500}", "value: 800}")
    decisor("segments", "rebuild", "vips", "--now", LATER)
    history = decisor("segments", "history", "c-5", "--segment", "vips").out.splitlines()
    assert [each.split()[:3] for each in history] == [
        ["2026-03-01T00:00:00.000Z", "entered", "vips"],
        ["2026-03-02T00:00:00.000Z", "left", "vips"],
    ]
    assert "(event s-5;" in history[0]
    assert "(definition;" in history[1]
    (entered, _) = [
        json.loads(each)
        for each in decisor("segments", "history", "c-5", "--segment", "vips", "--format", "json").out.splitlines()
    ]
    assert (entered["entered"], entered["number"], entered["cause"]) == (True, 1, "s-5")
    assert decisor("segments", "history", "nobody") == (1, "", UNKNOWN)
    assert decisor("segments", "history", "c-0") == (0, "", "never in a segment\n")
    assert decisor("segments", "history", "c-0", "--segment", "segment/vips") == (0, "", "never in `vips`\n")
    refused = decisor("segments", "history", "c-5", "--segment", "vip")
    assert (refused.code, refused.out) == (2, "")
    assert "`vip` is not a segment; did you mean `vips`?" in refused.err
    assert decisor("segments", "at", NOW, "vips", "--now", NOW).out.split() == ["c-5", "c-6", "c-7", "c-8", "c-9"]
    assert decisor("segments", "at", LATER, "vips", "--count", "--now", LATER).out == "2\n"
    assert decisor("segments", "at", "2026-02-01T00:00:00Z", "vips", "--count", "--format", "json").out == (
        '{"segment": "vips", "count": 0}\n'
    )
    assert decisor("segments", "at", "yesterday", "vips").code == 2
    told = f"INSTANT: {LATER} lies in the future; membership is known only up to now"
    for options in ([], ["--count"], ["--format", "json"]):
        refused = decisor("segments", "at", LATER, "vips", "--now", NOW, *options)
        assert (refused.code, refused.out) == (2, "")
        assert told in refused.err
        assert refused.err.count("\n") == 1


def test_an_override_is_put_told_and_taken_back(running: Path, decisor: Decisor) -> None:
    added = decisor("segments", "add", "vips", "c-0", "--reason", "a friend", "--now", NOW, "--until", LATER)
    assert added == (0, "a member now\n", "")
    assert "vips" in decisor("segments", "show", "c-0").out
    told = decisor("segments", "explain", "vips", "c-0", "--now", NOW).out
    assert "vips, 2026-03-01T00:00:00.000Z: the conditions do not hold\n" in told
    assert "override: put in since 2026-03-01T00:00:00.000Z, until 2026-03-02T00:00:00.000Z: a friend\n" in told
    assert "stored: a member since 2026-03-01T00:00:00.000Z (manual)\n" in told
    assert "entered  vips  (manual: a friend; " in decisor("segments", "history", "c-0").out
    assert "1 override" not in decisor("segments", "status").out  # it has expired by the real clock
    again = decisor("segments", "remove", "vips", "c-9", "--reason", "asked", "--now", NOW, "--format", "json")
    assert json.loads(again.out) == {
        "segment": "vips",
        "customer": "c-9",
        "override": False,
        "member": False,
        "changed": True,
        "followed": True,
    }
    assert decisor("segments", "restore", "vips", "c-9", "--now", NOW) == (0, "a member now\n", "")
    assert "no override" in decisor("segments", "restore", "vips", "c-9", "--now", NOW).err
    assert "no such customer" in decisor("segments", "add", "vips", "nobody", "--reason", "x", "--now", NOW).err
    assert decisor("worker", "--drain", "--quiet", "--now", LATER).code == 0
    assert decisor("segments", "show", "c-0").out == ""
    told = decisor("segments", "explain", "vips", "c-0", "--now", LATER).out
    assert "until 2026-03-02T00:00:00.000Z, which has ended: a friend\n" in told
    found = json.loads(decisor("segments", "explain", "vips", "c-0", "--now", LATER, "--format", "json").out)
    assert (found["override"]["ended"], found["wanted"]) == (True, False)


def test_an_override_without_a_reason_is_refused(running: Path, decisor: Decisor) -> None:
    for blank in ("", "  "):
        done = decisor("segments", "add", "vips", "c-0", "--reason", blank, "--now", NOW)
        assert done == (2, "", "decisor: the reason is empty; say why, for anyone who asks later\n")
    assert "override" not in decisor("segments", "explain", "vips", "c-0", "--now", NOW).out


def test_an_override_that_redis_has_not_heard_of_is_told(
    running: Path, decisor: Decisor, wheel_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overrides, "settle", partial(_at_once, settle))
    with connect_postgres(wheel_database.url, autocommit=True) as owner:
        assert take_ownership(owner, partition_of("c-0"))
        done = decisor("segments", "add", "vips", "c-0", "--reason", "a friend", "--now", NOW)
        assert done == (1, "stored; Redis is not up to date yet, check the worker\n", "")
        done = decisor("segments", "restore", "vips", "c-0", "--now", NOW, "--format", "json")
        assert (done.code, json.loads(done.out)["followed"]) == (1, False)


def _at_once(settle: Any, *arguments: Any) -> Any:
    """`settle` that waits for nothing."""
    return settle(*arguments[:4], 0)


def test_an_explanation_is_a_tree(running: Path, decisor: Decisor) -> None:
    found = json.loads(decisor("segments", "explain", "active_vips", "c-9", "--now", NOW, "--format", "json").out)
    assert found["holds"] is found["wanted"] is found["member"] is True
    assert found["conditions"]["kind"] == "all"
    assert found["conditions"]["flips_at"] == "2026-05-21T00:00:00.001Z"
    assert found["since"]["reason"] == "event"
    assert decisor("segments", "explain", "active_vips", "nobody", "--now", NOW).code == 2


def test_an_explanation_withholds_when_a_personal_value_flips_the_verdict(
    shop: Path, decisor: Decisor, client: Any
) -> None:
    catalogue = shop / "schemas/catalogue.yaml"
    text = catalogue.read_text("utf-8")
    catalogue.write_text(text.replace("last_order_at: {type: date}", "last_order_at: {type: date, personal: true}"))
    first, second = "2026-02-20T00:00:00.000Z", "2026-02-11T12:34:56.789Z"
    events = [set_event(number, spend=900, last_order_at=[first, second][number]) for number in range(2)]
    assert decisor("ingest", "-", stdin=lines(*events)).code == 0
    assert decisor("worker", "--drain", "--quiet", "--now", NOW) == (0, "", "")

    def told(customer: str, *more: str) -> str:
        printed = decisor("segments", "explain", "active_vips", customer, "--now", NOW, *more)
        assert printed.code == 0
        return printed.out.replace(f'"customer": "{customer}"', "")

    for form in ("text", "json"):
        assert told("c-0", "--format", form) == told("c-1", "--format", form)
    assert "stored: a member; since when is withheld" in told("c-0")
    assert "flips at 2026-05-21 00:00:00.001 UTC" in told("c-0", "--reveal")
    assert "stored: a member since" in told("c-0", "--reveal")


def test_a_segment_that_the_workspace_has_no_longer_ends_when_asked(
    running: Path, decisor: Decisor, client: Any
) -> None:
    edit(running, "name: vips", "name: high_spenders")
    edit(running, "{segment: vips}", "{segment: high_spenders}")
    (running / "segments/vips.test.yaml").unlink()
    write(running, {"rules/hero.yaml": "{}"})
    (running / "rules/hero.yaml").unlink()
    status = next(each for each in decisor("segments", "status").out.splitlines() if each.startswith("vips:"))
    assert status.endswith(", no longer in the workspace; `decisor segments rebuild --retire` ends it")
    kept = decisor("segments", "rebuild", "--now", NOW)
    assert kept.err == "running, but not in this workspace: vips; --retire ends them\n"
    assert client.scard(keys.members("vips")) == client.scard(keys.members("high_spenders")) == 5
    ended = decisor("segments", "rebuild", "--retire", "--now", NOW)
    assert "vips: 0 members, 0 entered, 5 left; from nobody" in ended.out
    assert not client.exists(keys.members("vips"))
    assert "vips:" not in decisor("segments", "status").out.replace("active_vips:", "")
    assert decisor("segments", "at", "2026-02-28T00:00:00Z", "vips").code == 0
    assert decisor("segments", "rebuild", "high_spenders", "--retire").code == 2


def test_two_rebuilds_of_a_segment_at_once_are_refused(
    running: Path, decisor: Decisor, wheel_database: Database
) -> None:
    with connect_postgres(wheel_database.url, autocommit=True) as other, hold_leases(other, ["vips"]):
        done = decisor("segments", "rebuild", "vips")
        assert done.code == 2
        assert "`vips` is being rebuilt by another process" in done.err
    assert decisor("segments", "rebuild", "vips", "--silent", "--from", "postgres").code == 0


def test_an_index_that_nobody_named_cannot_be_asked(running: Path, decisor: Decisor) -> None:
    done = decisor("segments", "rebuild", "vips", "--from", "elasticsearch")
    assert done.code == 2
    assert "set DECISOR_ELASTICSEARCH_URL" in done.err


def test_before_the_first_worker_it_is_said_what_to_do(
    shop: Path, decisor: Decisor, client: Any, postgres_wheel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_wheel.connect(autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS unprepared")
        connection.execute("CREATE DATABASE unprepared")
    monkeypatch.setenv("DECISOR_POSTGRES_URL", postgres_wheel.url.replace("/postgres?", "/unprepared?"))
    done = decisor("segments", "status")
    assert done.code == 2
    assert "`decisor worker` prepares it when it starts" in done.err
    with postgres_wheel.connect(autocommit=True) as connection:
        connection.execute("DROP DATABASE unprepared WITH (FORCE)")


def test_without_redis_it_is_said_what_to_do(
    shop: Path, decisor: Decisor, servers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DECISOR_REDIS_URL")
    done = decisor("segments", "show", "c-1")
    assert done.code == 2
    assert "decisor up" in done.err


def test_an_index_that_cannot_be_reached_is_told_with_the_way_without_it(
    running: Path, decisor: Decisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DECISOR_ELASTICSEARCH_URL", "http://127.0.0.1:1")
    done = decisor("segments", "rebuild", "vips", "--now", NOW)
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith("; `--from postgres` works without the index\n")
    assert decisor("segments", "rebuild", "vips", "--from", "postgres", "--now", NOW).code == 0


def test_an_unexpected_error_of_the_database_is_told_without_values(
    running: Path, decisor: Decisor, wheel_database: Database
) -> None:
    with connect_postgres(wheel_database.url, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE 'no % here', NEW.profile USING DETAIL = NEW::text, ERRCODE = 'ZZ001'; END$$"
        )
        connection.execute("CREATE TRIGGER fail BEFORE INSERT ON override FOR EACH ROW EXECUTE FUNCTION fail()")
    done = decisor("segments", "add", "vips", "c-1", "--reason", "a friend of the house", "--now", NOW)
    assert (done.code, done.out) == (2, "")
    assert "\nPostgreSQL: DatabaseError (ZZ001)\n" in done.err
    assert done.err.endswith("this is a bug in decisor, not in the workspace\n")
    for value in ("c-1", "friend of", "DETAIL", "CONTEXT"):
        assert value not in done.err


def test_a_customer_may_stand_on_standard_input(running: Path, decisor: Decisor) -> None:
    for command in (["show"], ["history"], ["explain", "vips", "--now", NOW]):
        named = decisor("segments", *command, "c-9")
        assert named.code == 0
        assert decisor("segments", *command, "--file", "-", stdin="c-9\n") == named
    done = decisor("segments", "remove", "vips", "--file", "-", "--reason", "asked for", "--now", NOW, stdin="c-9\n")
    assert done == (0, "not a member now\n", "")
    assert decisor("segments", "restore", "vips", "--file", "-", "--now", NOW, stdin="c-9").out == "a member now\n"
