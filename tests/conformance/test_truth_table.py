"""The truth table of the operators, on the reference and on every engine."""

from __future__ import annotations

import uuid
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from engine.ir.instant import parse_instant
from engine.ir.types import Catalogue, Field
from engine.operators.registry import OPERATORS, lower
from engine.operators.surface import ABSENT, Operand, Refused
from engine.runtime.border import Border
from engine.runtime.matcher import Strategy
from tests.servers.postgres import Postgres

from .engines import (
    UNANSWERED_IN_SQL,
    DuckDbEngine,
    ElasticsearchEngine,
    Engine,
    MatcherEngine,
    PostgresEngine,
    Reference,
)
from .workload import Case

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

TABLE = Path(__file__).with_name("operators.yaml")
KEY = "customer_id"
NOW = "2026-03-01T09:30:00Z"
MEMBERS = (Field("city", "keyword"), Field("size", "integer"), Field("tags", "keyword", many=True))
VARIANTS = {
    "lowercase keyword": Field("", "keyword", normalize="lowercase"),
    "secret keyword": Field("", "keyword", encrypted="none"),
    "searchable keyword": Field("", "keyword", encrypted="equality"),
    "object": Field("", "object", fields=MEMBERS),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its case, and the verdict for each profile by key."""

    name: str
    operator: str
    case: Case
    verdicts: dict[str, bool]


@dataclass(frozen=True, slots=True)
class Table:
    """The whole table over one catalogue."""

    catalogue: Catalogue
    profiles: tuple[dict[str, Any], ...]
    rows: tuple[Row, ...]


def field_of(kind: str) -> Field:
    one = kind.removeprefix("list of ")
    name = kind.replace(" ", "_")
    base = VARIANTS.get(one) or Field("", one)  # type: ignore[arg-type] # a wrong type fails in the catalogue
    return replace(base, name=name, many=one != kind)


def read_table() -> Table:
    written = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    fields = {row["type"]: field_of(row["type"]) for row in written}
    catalogue = Catalogue("customer", KEY, tuple(fields.values()))
    border = Border(catalogue)
    profiles: list[dict[str, Any]] = []
    rows = []
    for row in written:
        field = fields[row["type"]]
        verdicts = {}
        for raw, verdict in values(row, field):
            key = str(len(profiles))
            profile, problems = border.profile({KEY: key, **raw})
            assert profile is not None, (row, raw, problems)
            profiles.append(profile)
            verdicts[key] = verdict
        operator = row["operator"]
        name = f"{operator} {row['type']} {row.get('value', '')}"
        rows.append(Row(name, operator, case_of(row, field), verdicts))
    return Table(catalogue, tuple(profiles), tuple(rows))


def values(row: dict[str, Any], field: Field) -> Iterator[tuple[dict[str, Any], bool]]:
    yield from (({field.name: value}, True) for value in row["holds"])
    yield from (({field.name: value}, False) for value in row["fails"])
    missing = OPERATORS[row["operator"]].missing == "holds"
    yield {}, missing
    yield {field.name: None}, missing
    if field.many:
        yield {field.name: []}, missing
        yield {field.name: [None, None]}, missing


def case_of(row: dict[str, Any], field: Field) -> Case:
    operand = Operand(field.name, field, "UTC", row.get("options", {}))
    predicate = lower(operand, row["operator"], row.get("value", ABSENT))
    assert not isinstance(predicate, Refused), (row, predicate)
    return Case(predicate, parse_instant(row.get("now", NOW)))


@pytest.fixture(scope="module")
def table() -> Table:
    return read_table()


@pytest.fixture(scope="module")
def server(elasticsearch: Elasticsearch, table: Table) -> Iterator[ElasticsearchEngine]:
    index = f"truth-{uuid.uuid4().hex}"
    yield ElasticsearchEngine.create(elasticsearch, index, table.catalogue, table.profiles)
    elasticsearch.indices.delete(index=index)


def deviations(engine: Engine, rows: Sequence[Row], unanswered: Container[str] = ()) -> list[str]:
    """Rows on which the engine does not do what it must: give the table's verdicts, or no answer to these operators."""
    found = []
    for row, answer in zip(rows, engine.answers([row.case for row in rows]), strict=True):
        if (answer is None) is not (row.operator in unanswered):
            found.append(f"{row.name}: {'no' if answer is None else 'an'} answer")
        elif answer is not None:
            assert answer.surely == answer.perhaps
            bad = [key for key, verdict in row.verdicts.items() if (key in answer.surely) is not verdict]
            found += [f"{row.name}: profiles {bad}"] if bad else []
    return found


def test_reference_says_what_the_table_says(table: Table) -> None:
    assert deviations(Reference(table.catalogue, table.profiles), table.rows) == []


def test_elasticsearch_says_what_the_table_says(server: ElasticsearchEngine, table: Table) -> None:
    assert deviations(server, table.rows) == []


@pytest.mark.parametrize("strategy", ["fused", "indexed"])
def test_matcher_says_what_the_table_says(table: Table, strategy: Strategy) -> None:
    assert deviations(MatcherEngine(table.catalogue, table.profiles, strategy), table.rows) == []


def test_duckdb_says_what_the_table_says(table: Table) -> None:
    assert deviations(DuckDbEngine(table.catalogue, table.profiles), table.rows, UNANSWERED_IN_SQL) == []


def test_postgres_says_what_the_table_says(postgres: Postgres, table: Table) -> None:
    with postgres.connect(autocommit=True) as connection:
        engine = PostgresEngine(connection, table.catalogue, table.profiles)
        assert deviations(engine, table.rows, UNANSWERED_IN_SQL) == []


class Mute:
    """An engine that answers nothing."""

    def answers(self, cases: Sequence[Case]) -> Iterator[None]:
        yield from (None for _ in cases)


def test_an_engine_that_answers_nothing_deviates_on_every_row_that_it_must_answer(table: Table) -> None:
    owed = [row for row in table.rows if row.operator not in UNANSWERED_IN_SQL]
    assert len(deviations(Mute(), table.rows, UNANSWERED_IN_SQL)) == len(owed) > len(table.rows) * 0.9


def test_an_answer_where_none_is_expected_is_a_deviation(table: Table) -> None:
    reference = Reference(table.catalogue, table.profiles)
    distances = [row for row in table.rows if row.operator in UNANSWERED_IN_SQL]
    assert len(deviations(reference, table.rows, UNANSWERED_IN_SQL)) == len(distances) > 0


def test_table_has_every_operator_on_every_type_it_applies_to() -> None:
    written = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    there = {(row["operator"], field_of(row["type"]).type) for row in written}
    wanted = {(name, kind) for name, operator in OPERATORS.items() for kind in operator.applies}
    missing = {pair for pair in wanted - there if pair[0] != "missing"}  # the complement of `exists`
    assert missing == set()
