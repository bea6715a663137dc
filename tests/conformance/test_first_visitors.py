"""Over no events, counts, sums and numbers of distinct values are 0 on every engine; other aggregates are missing."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from engine.batch import match_parquet, memberships
from engine.ir.instant import parse_instant
from engine.ir.predicate import Predicate
from engine.ir.program import Program
from engine.ir.types import Aggregate, AggregateName, Catalogue, EventType, Field
from engine.operators.registry import lower
from engine.operators.surface import ABSENT, Operand, Refused
from engine.runtime.loaded import Runtime
from engine.runtime.matcher import Strategy
from tests.servers.postgres import Postgres

from .engines import Answer, DuckDbEngine, ElasticsearchEngine, Engine, MatcherEngine, PostgresEngine, Reference
from .workload import AGGREGATES, Case

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

KEY = "customer_id"
NOW = parse_instant("2026-03-01T09:30:00Z")
ZERO: tuple[AggregateName, ...] = ("count", "sum", "distinct")


def aggregated(name: AggregateName, within: int | None = None) -> Field:
    of = None if name == "count" else "amount"
    return Field(
        f"{name}_{within or 'ever'}",
        "number" if name == "avg" else "integer",
        source=Aggregate("purchase", name, of, within),
    )


FIELDS = tuple(aggregated(name, within) for name in AGGREGATES for within in (None, 86_400_000))
CATALOGUE = Catalogue("customer", KEY, FIELDS, (EventType("purchase", (Field("amount", "integer"),)),))
PROFILES: list[dict[str, Any]] = [
    {KEY: "nothing"},
    {KEY: "nulls", **{field.name: None for field in FIELDS}},
    {KEY: "three", **{field.name: 3 for field in FIELDS}},
]
CONDITIONS = (("missing", ABSENT), ("exists", ABSENT), ("less_than", 1), ("greater_or_equal", 0), ("greater_than", 2))


def segments() -> dict[str, Predicate]:
    """Conditions on each aggregate, by a name that says which."""
    found: dict[str, Predicate] = {}
    for field in FIELDS:
        equals = () if field.type == "number" else (("equals", 0), ("not_equals", 0))
        for operator, value in (*CONDITIONS, *equals):
            predicate = lower(Operand(field.name, field, "UTC", {}), operator, value)
            assert not isinstance(predicate, Refused), (field, operator)
            found[f"{operator}.{field.name}"] = predicate
    return found


def wanted(name: str) -> frozenset[str]:
    """Who is in a segment of that name."""
    operator, _, field = name.partition(".")
    of_nothing = field.partition("_")[0] in ZERO
    holds = {"missing": not of_nothing, "not_equals": not of_nothing, "greater_than": False}
    unknown = frozenset(("nothing", "nulls")) if holds.get(operator, of_nothing) else frozenset()
    three = operator in {"exists", "greater_or_equal", "greater_than", "not_equals"}
    return unknown | (frozenset(("three",)) if three else frozenset())


SEGMENTS = segments()
PROGRAM = Program("shop", "UTC", CATALOGUE, segments=SEGMENTS)


@pytest.fixture(scope="module")
def people() -> list[dict[str, Any]]:
    """The profiles as every path reads them."""
    found = [Runtime(PROGRAM).read(raw, NOW)[0] for raw in PROFILES]
    return [profile for profile in found if profile is not None]


@pytest.fixture(scope="module")
def server(elasticsearch: Elasticsearch, people: list[dict[str, Any]]) -> Iterator[ElasticsearchEngine]:
    index = f"visitors-{uuid.uuid4().hex}"
    yield ElasticsearchEngine.create(elasticsearch, index, CATALOGUE, people)
    elasticsearch.indices.delete(index=index)


def deviations(engine: Engine) -> list[str]:
    """The segments of which an engine says something else."""
    answers = engine.answers([Case(predicate, NOW) for predicate in SEGMENTS.values()])
    return [name for name, found in zip(SEGMENTS, answers, strict=True) if found != Answer.exact(wanted(name))]


def test_in_the_reference(people: list[dict[str, Any]]) -> None:
    assert deviations(Reference(CATALOGUE, people)) == []


@pytest.mark.parametrize("strategy", ["fused", "indexed"])
def test_in_the_matcher(people: list[dict[str, Any]], strategy: Strategy) -> None:
    assert deviations(MatcherEngine(CATALOGUE, people, strategy)) == []


def test_in_elasticsearch(server: ElasticsearchEngine) -> None:
    assert deviations(server) == []


def test_in_duckdb(people: list[dict[str, Any]]) -> None:
    assert deviations(DuckDbEngine(CATALOGUE, people)) == []


def test_in_postgres(postgres: Postgres, people: list[dict[str, Any]]) -> None:
    with postgres.connect(autocommit=True) as connection:
        assert deviations(PostgresEngine(connection, CATALOGUE, people)) == []


def test_through_the_python_api_and_for_somebody_never_seen() -> None:
    runtime = Runtime(PROGRAM)
    for profile in PROFILES:
        key = profile[KEY]
        names = sorted(name for name in SEGMENTS if key in wanted(name))
        assert runtime.segments(profile) == names
        if key != "three":
            later = {"id": "e", "type": "purchase", "time": "2026-03-02T00:00:00Z", "data": {"amount": 5}}
            assert runtime.segments(profile, [later], now="2026-03-01T09:30:00Z") == names
            assert runtime.newcomer(key, NOW)[1] == names


@pytest.mark.parametrize("columns", [(), tuple(field.name for field in FIELDS)])
def test_in_whole_files_with_empty_cells_or_without_the_columns(columns: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "profiles.parquet"
    schema = pa.schema([(KEY, pa.string()), *((name, pa.int64()) for name in columns)])
    people = PROFILES if columns else PROFILES[:2]
    parquet.write_table(pa.Table.from_pylist(people, schema=schema), file)
    rows = [(each[KEY], sorted(name for name in SEGMENTS if each[KEY] in wanted(name))) for each in people]
    assert list(memberships(PROGRAM, file, now_ms=NOW)) == rows
    keys = {each[KEY] for each in people}
    assert match_parquet(PROGRAM, file, now_ms=NOW).counts == {n: len(wanted(n) & keys) for n in sorted(SEGMENTS)}


@pytest.mark.parametrize("columns", [(), tuple(field.name for field in FIELDS)])
def test_in_whole_files_beside_a_history(columns: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "profiles.parquet"
    schema = pa.schema([(KEY, pa.string()), *((name, pa.int64()) for name in columns)])
    parquet.write_table(pa.Table.from_pylist(PROFILES if columns else PROFILES[:2], schema=schema), file)
    told: list[tuple[int, str]] = []
    found = memberships(
        PROGRAM, file, now_ms=NOW, events_of=lambda _: (), tell=lambda row, problem: told.append((row, problem))
    )
    names = sorted(name for name in SEGMENTS if "nothing" in wanted(name))
    assert list(found) == [("nothing", names), ("nulls", names)]
    assert [row for row, _ in told] == ([3] if columns else [])
    assert all("`count_ever` is computed from `purchase` events" in problem for _, problem in told)
