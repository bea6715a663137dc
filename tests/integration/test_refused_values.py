"""Values that a profile field may not hold: missing in the profile, counted once each, anew under another catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.ir.instant import format_instant
from engine.ir.program import Program
from engine.profiles.refused_values import refused_counts
from engine.profiles.serving import ProfileReader
from engine.segments.registry import put_catalogue
from engine.storage.partitions import PARTITIONS
from tests.live_world import START, World, written
from tests.servers.postgres import Database
from tests.servers.redis_servers import RedisServer

CATALOGUE = """
apiVersion: v1
kind: Profile
name: customer
key: customer_id
fields:
  tier: {type: keyword, values: [basic, gold]}
  marks: {type: number, list: true}
  points: {type: number, from: {event: grade, aggregate: sum, field: points}}
---
apiVersion: v1
kind: EventType
name: grade
fields: {tier: {type: keyword}, marks: {type: integer, list: true}, points: {type: integer}}
sets: {tier: tier, marks: marks}
"""


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Program:
    texts = {"decisor.yaml": "name: grades\n", "schemas/all.yaml": CATALOGUE.lstrip("\n")}
    return written(tmp_path_factory.mktemp("grades"), texts).program


@pytest.fixture
def graded_shop(graded: Program, wheel_database: Database, valkey_empty: RedisServer) -> Iterator[World]:
    client = valkey_empty.connect()
    yield World(wheel_database.url, client, graded)
    client.close()


def grade(number: int, customer: str, **data: Any) -> dict[str, Any]:
    at = format_instant(START - 1_000 + number)
    return {"id": f"e-{number}", "type": "grade", "customer_id": customer, "time": at, "data": data}


def counts(world: World) -> list[tuple[str, str, int]]:
    with world.connect("tests") as connection:
        return refused_counts(connection)


def test_each_is_counted_once(graded_shop: World) -> None:
    assert counts(graded_shop) == []
    sent = [grade(number, f"c-{number % 5}", tier="platinum", points=1) for number in range(20)]
    sent += [grade(20, "c-0", tier="gold", marks=[1, 2**53 + 1]), grade(21, "c-1", points=2**53 - 3)]
    graded_shop.put(sent)
    assert graded_shop.drain().refused == 22
    graded_shop.put(sent)  # once more, as sources do
    graded_shop.put([grade(22, "c-2", tier="basic")])
    tally = graded_shop.drain()
    assert (tally.refused, tally.duplicates) == (0, 22)
    assert counts(graded_shop) == [("grade", "tier", 20), ("grade", "marks", 1), ("grade", "points", 1)]
    reader = ProfileReader(graded_shop.redis)
    wanted = {"c-0": {"tier": "gold", "points": 4.0}, "c-1": {}, "c-2": {"tier": "basic", "points": 4.0}}
    for customer, held in wanted.items():
        assert reader.read(customer, graded_shop.now_ms).profile == {"customer_id": customer, **held}
        assert graded_shop.oracle.profile(customer, graded_shop.now_ms) == {"customer_id": customer, **held}
    with graded_shop.connect("tests") as connection:
        told = connection.execute("SELECT json_agg(refused_value)::text FROM refused_value").fetchone()
        assert told is not None
        assert "platinum" not in json.dumps(told[0])


def test_another_catalogue_holds_all_events_anew(graded_shop: World, tmp_path: Path) -> None:
    graded_shop.put(
        grade(number, f"c-{number % 5}", tier="platinum" if number < 10 else "gold") for number in range(20)
    )
    graded_shop.drain()
    assert counts(graded_shop) == [("grade", "tier", 10)]
    for values, expected in (("[basic]", 20), ("[gold, platinum]", 0), ("[platinum]", 10)):
        text = CATALOGUE.lstrip("\n").replace("[basic, gold]", values)
        other = written(tmp_path / values, {"decisor.yaml": "name: grades\n", "schemas/all.yaml": text}).program
        with graded_shop.connect("tests") as connection:
            put_catalogue(connection, other.catalogue)
        graded_shop.drain()
        assert counts(graded_shop) == ([("grade", "tier", expected)] if expected else [])
        with graded_shop.connect("tests") as connection:
            kept = connection.execute("SELECT count(*) FROM refused_value").fetchone()
        assert kept is not None
        assert kept[0] <= PARTITIONS  # for one field and one type of events, however many customers
