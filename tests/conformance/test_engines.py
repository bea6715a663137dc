"""Every engine gives the reference's answer for every generated predicate and profile, without one difference."""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from engine.compiler.targets.elasticsearch import Candidates, compile_query
from engine.ir.instant import format_instant
from engine.ir.predicate import Leaf, Predicate
from engine.ir.walk import parts
from engine.operators.evaluate import present_values
from engine.operators.registry import OPERATORS, operators_for
from engine.runtime.matcher import Strategy
from tests.servers.postgres import Postgres

from .engines import (
    UNANSWERED_IN_SQL,
    Answer,
    DuckDbEngine,
    ElasticsearchEngine,
    Engine,
    MatcherEngine,
    PostgresEngine,
    Reference,
)
from .vocabulary import CATALOGUE, KEY
from .workload import LISTS, Case, behaviours, events, places, predicates, profiles

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

pytestmark = pytest.mark.long

SEED = int(os.environ.get("DECISOR_SEED", "20260722"))  # another one looks for new cases
PREDICATES = 2_000
PROFILES = 500
BEHAVIOURS = 200
MOST_EVENTS = 12
LEAST_OBSERVED = 20
REPEATS_BEYOND_POSTGRES = ("x{0,300}", "x{300}")  # patterns of the vocabulary; PostgreSQL repeats 255 times at most


@pytest.fixture(scope="module")
def people() -> list[dict[str, Any]]:
    return profiles(SEED, PROFILES)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return predicates(SEED + 1, PREDICATES)


@pytest.fixture(scope="module")
def behaviour_cases() -> list[Case]:
    return behaviours(SEED + 2, BEHAVIOURS)


@pytest.fixture(scope="module")
def histories(people: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {person[KEY]: events(SEED + number, MOST_EVENTS) for number, person in enumerate(people)}


@pytest.fixture(scope="module")
def meaning(people: list[dict[str, Any]], cases: list[Case]) -> list[Answer]:
    return list(Reference(CATALOGUE, people).answers(cases))


@pytest.fixture(scope="module")
def behaviour_meaning(
    people: list[dict[str, Any]], histories: dict[str, list[dict[str, Any]]], behaviour_cases: list[Case]
) -> list[Answer]:
    return list(Reference(CATALOGUE, people, histories).answers(behaviour_cases))


@pytest.fixture(scope="module")
def server(elasticsearch: Elasticsearch, people: list[dict[str, Any]]) -> Iterator[ElasticsearchEngine]:
    index = f"conformance-{uuid.uuid4().hex}"
    yield ElasticsearchEngine.create(elasticsearch, index, CATALOGUE, people)
    elasticsearch.indices.delete(index=index)


def test_elasticsearch_agrees(server: ElasticsearchEngine, cases: list[Case], meaning: list[Answer]) -> None:
    assert assert_agreement(server, cases, meaning) == PREDICATES


def test_elasticsearch_bounds_hold_for_behaviour(
    server: ElasticsearchEngine, behaviour_cases: list[Case], behaviour_meaning: list[Answer]
) -> None:
    assert all(isinstance(compile_query(case.predicate, CATALOGUE, LISTS), Candidates) for case in behaviour_cases)
    assert assert_agreement(server, behaviour_cases, behaviour_meaning) == BEHAVIOURS


@pytest.mark.parametrize("strategy", ["fused", "indexed"])
def test_matcher_agrees(
    people: list[dict[str, Any]], cases: list[Case], meaning: list[Answer], strategy: Strategy
) -> None:
    assert assert_agreement(MatcherEngine(CATALOGUE, people, strategy), cases, meaning) == PREDICATES


@pytest.mark.parametrize("strategy", ["fused", "indexed"])
def test_matcher_agrees_on_behaviour(
    people: list[dict[str, Any]],
    histories: dict[str, list[dict[str, Any]]],
    behaviour_cases: list[Case],
    behaviour_meaning: list[Answer],
    strategy: Strategy,
) -> None:
    engine = MatcherEngine(CATALOGUE, people, strategy, histories)
    assert assert_agreement(engine, behaviour_cases, behaviour_meaning) == BEHAVIOURS


def test_duckdb_agrees(people: list[dict[str, Any]], cases: list[Case], meaning: list[Answer]) -> None:
    assert assert_agreement(DuckDbEngine(CATALOGUE, people), cases, meaning) == answerable_in_sql(cases)


def test_postgres_agrees(
    postgres: Postgres, people: list[dict[str, Any]], cases: list[Case], meaning: list[Answer]
) -> None:
    with postgres.connect(autocommit=True) as connection:
        answered = assert_agreement(PostgresEngine(connection, CATALOGUE, people), cases, meaning)
    assert answered == answerable_in_sql(cases, REPEATS_BEYOND_POSTGRES)


def test_predicates_are_distinct_and_say_something(cases: list[Case], meaning: list[Answer]) -> None:
    assert len({case.predicate for case in cases}) == PREDICATES
    undecided = [answer for answer in meaning if 0 < len(answer.surely) < PROFILES]
    assert len(undecided) > PREDICATES * 0.8


def test_behaviour_is_met_by_some_and_not_by_others(behaviour_meaning: list[Answer]) -> None:
    undecided = [answer for answer in behaviour_meaning if 0 < len(answer.surely) < PROFILES]
    assert len(undecided) > BEHAVIOURS * 0.6


def test_every_operator_meets_every_type_present_and_missing(people: list[dict[str, Any]], cases: list[Case]) -> None:
    held = {
        place.path: sum(bool(present_values(person, place.path)) for person in people)
        for place in places(CATALOGUE.fields, root=True)
    }
    seen: Counter[tuple[str, str, bool, bool]] = Counter()
    for case in cases:
        for use in case.uses:
            field, present = use.place.field, held[use.place.path]
            seen[use.operator, field.type, field.many, True] += present
            seen[use.operator, field.type, field.many, False] += PROFILES - present
    wanted = {
        (name, place.field.type, place.field.many, present)
        for place in places(CATALOGUE.fields)
        for name in operators_for(place.field)
        for present in (True, False)
    }
    assert {name for name, *_rest in wanted} == set(OPERATORS)
    assert {use for use in wanted if seen[use] < LEAST_OBSERVED} == set()


def answerable_in_sql(cases: Sequence[Case], unanswered_patterns: Sequence[str] = ()) -> int:
    """How many of the cases a database must answer: those without an operator or a pattern that it cannot do."""

    def cannot(part: Predicate) -> bool:
        return isinstance(part, Leaf) and (
            part.op in UNANSWERED_IN_SQL or (part.op == "matches" and part.value in unanswered_patterns)
        )

    count = sum(not any(map(cannot, parts(case.predicate))) for case in cases)
    assert count > len(cases) * 0.9
    return count


def assert_agreement(engine: Engine, cases: Sequence[Case], meaning: Sequence[Answer]) -> int:
    """How many of the cases the engine answered; fails with the first few differences."""
    answered = 0
    differences: list[str] = []
    for case, answer, reference in zip(cases, engine.answers(cases), meaning, strict=True):
        if answer is None:
            continue
        answered += 1
        wrong = (answer.surely - reference.surely) | (reference.surely - answer.perhaps)
        if wrong:
            said = "holds" if next(iter(wrong)) in reference.surely else "does not hold"
            now = format_instant(case.now_ms)
            differences.append(f"{KEY} {sorted(wrong)[:5]} at {now}, reference {said}: {case.predicate}")
    assert not differences, f"{len(differences)} of {answered} differ:\n" + "\n".join(differences[:10])
    return answered
