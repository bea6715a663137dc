"""`decisor segments preview` and `sizes`: how big segments would be, how big they are, and how they overlap."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.servers.redis_servers import RedisServer
from tests.unit.cli.conftest import Decisor
from tests.unit.cli.segments.test_membership_commands import NOW, edit, set_event
from tests.unit.cli.test_ingest import lines


@pytest.fixture
def running(servers: None, shop: Path, decisor: Decisor) -> Path:
    """The shop with ten customers, who spent 0, 100, …, 900."""
    events = [set_event(number, spend=number * 100, last_order_at="2026-02-20T00:00:00.000Z") for number in range(10)]
    assert decisor("ingest", "-", stdin=lines(*events)).code == 0
    assert decisor("worker", "--drain", "--quiet", "--now", NOW) == (0, "", "")
    return shop


def test_a_draft_is_counted_before_it_runs(running: Path, decisor: Decisor) -> None:
    edit(running, "value: 500}", "value: 300}")
    done = decisor("segments", "preview", "vips", "--now", NOW, "--sample", "3")
    assert (done.code, done.err) == (0, "")
    heading, moves, *sample, rest = done.out.splitlines()
    assert heading == "vips: 7 members of 10 customers (70.0 %)"
    assert moves == "  2 would enter, 0 would leave"
    assert len(sample) == 3
    assert {each.strip() for each in sample} <= {f"c-{number}" for number in range(3, 10)}
    assert rest == "  … and 4 more"
    assert decisor("segments", "preview", "vips", "--now", NOW, "--sample", "3").out == done.out
    assert decisor("segments", "count", "vips").out == "5\n"  # nothing has changed


def test_a_preview_is_what_a_rebuild_does(running: Path, decisor: Decisor) -> None:
    assert decisor("segments", "add", "vips", "c-0", "--reason", "a friend", "--now", NOW).code == 0
    assert decisor("segments", "remove", "vips", "c-9", "--reason", "a test", "--now", NOW).code == 0
    edit(running, "value: 500}", "value: 700}")
    found = [
        json.loads(line)
        for line in decisor(
            "segments", "preview", "vips", "active_vips", "--now", NOW, "--format", "json"
        ).out.splitlines()
    ]
    done = decisor("segments", "rebuild", "vips", "active_vips", "--now", NOW, "--format", "json")
    rebuilt = {each["name"]: each for each in map(json.loads, done.out.splitlines())}
    assert {each["name"] for each in found} == rebuilt.keys() == {"vips", "active_vips"}
    for each in found:
        after = rebuilt[each["name"]]
        assert (each["members"], each["entering"], each["leaving"]) == (
            after["members"],
            after["entered"],
            after["left"],
        )
        assert each["customers"] == 10


def test_a_draft_with_a_field_that_is_not_stored_yet_is_counted_from_events(running: Path, decisor: Decisor) -> None:
    file = running / "schemas/catalogue.yaml"
    file.write_text(
        file.read_text("utf-8").replace(
            "  orders: {type: integer}\n",
            "  orders: {type: integer}\n  bought: {type: integer, from: {event: purchase, aggregate: count}}\n",
        ),
        "utf-8",
    )
    (running / "segments/never.yaml").write_text(
        "apiVersion: v1\nkind: Segment\nname: never\nconditions: [{field: bought, operator: equals, value: 0}]\n"
    )
    done = decisor("segments", "preview", "never", "--now", NOW, "--sample", "0")
    assert done.out == "never: 10 members of 10 customers (100.0 %)\n  10 would enter, 0 would leave\n"


def test_what_cannot_be_previewed_is_said(servers: None, shop: Path, decisor: Decisor) -> None:
    done = decisor("segments", "preview", "vip")
    assert (done.code, done.out) == (2, "")
    assert "did you mean `vips`?" in done.err
    assert "no customer is stored yet" in decisor("segments", "preview", "vips").err
    assert decisor("segments", "preview", "vips", "--sample", "-1").code == 2


def test_sizes_are_counts_shares_and_bars(running: Path, decisor: Decisor) -> None:
    done = decisor("segments", "sizes")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "active_vips   5   50.0 %  " + "█" * 15,
        "vips          5   50.0 %  " + "█" * 15,
        "buyers        0    0.0 %",
        "customers    10",
    ]
    assert decisor("segments", "sizes", "vips").out.splitlines()[0] == "vips        5   50.0 %  " + "█" * 15


def test_overlaps_are_shares_of_the_segment_on_the_left(running: Path, decisor: Decisor) -> None:
    edit(running, "value: 500}", "value: 100}")
    assert decisor("segments", "rebuild", "vips", "--now", NOW).code == 0
    table = decisor("segments", "sizes", "vips", "active_vips", "buyers", "--overlap").out.partition("\n\n")[2]
    assert [line.split() for line in table.splitlines()[2:]] == [
        ["1", "vips", "·", "55.6", "%", "0.0", "%"],
        ["2", "active_vips", "100.0", "%", "·", "0.0", "%"],
        ["3", "buyers", "–", "–", "·"],
    ]
    found = json.loads(decisor("segments", "sizes", "--overlap", "--format", "json").out)
    assert found["customers"] == 10
    assert {"segment": "vips", "members": 9, "share": 0.9} in found["segments"]
    pairs = {frozenset(each["segments"]): each["members"] for each in found["overlap"]}
    assert pairs == {
        frozenset({"vips", "active_vips"}): 5,
        frozenset({"vips", "buyers"}): 0,
        frozenset({"active_vips", "buyers"}): 0,
    }


def test_overlaps_are_exact_over_many_pages(valkey_empty: RedisServer) -> None:
    from engine.segments.algebra import overlaps
    from engine.storage import keys

    client: Any = valkey_empty.connect()
    members = {"a": range(3_000), "b": range(1_000, 2_500), "c": range(2_400, 5_000), "d": ()}
    for name, numbers in members.items():
        if numbers:
            client.sadd(keys.members(name), *map(str, numbers))
    found = overlaps(client, list(members), 100)
    assert found == {
        (first, other): len(set(members[first]) & set(members[other]))
        for place, first in enumerate(members)
        for other in list(members)[place + 1 :]
    }
