"""Claims about every compiled predicate, over the generated ones of the conformance suite."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from engine.compiler.targets.elasticsearch import Candidates, bind, bound_predicate, compile_query
from engine.compiler.targets.english import to_english
from engine.compiler.targets.sql import DIALECTS, SqlQuery, compile_sql
from engine.ir.canonical import canonical_bytes
from engine.ir.codec import decode, encode
from engine.ir.predicate import Not
from engine.operators.core import Dialect
from engine.operators.evaluate import Subject, evaluate
from tests.conformance.engines import SEALING
from tests.conformance.vocabulary import CATALOGUE, KEY
from tests.conformance.workload import LISTS, Case, behaviours, events, predicates, profiles

SEED = 7
CASES = [*predicates(SEED, 1_200), *behaviours(SEED, 200)]
LIST_MEMBERS = {name: frozenset(members) for name, members in LISTS.items()}


def queries(case: Case) -> list[dict[str, Any]]:
    compiled = compile_query(case.predicate, CATALOGUE, LISTS)
    if isinstance(compiled, Candidates):
        return [compiled.surely_contains, compiled.surely_within]
    return [compiled.query]


def objects(data: Any) -> Iterator[dict[str, Any]]:
    if isinstance(data, dict):
        yield data
        for value in data.values():
            yield from objects(value)
    elif isinstance(data, list):
        for value in data:
            yield from objects(value)


def test_queries_are_in_filter_context_throughout() -> None:
    for case in CASES:
        for query in queries(case):
            assert set(query) == {"bool"}
            assert set(query["bool"]) == {"filter"}
            for each in objects(query):
                group = each.get("bool")
                if isinstance(group, dict):
                    assert set(group) in ({"filter"}, {"must_not"}, {"should", "minimum_should_match"})
                    assert group.get("minimum_should_match", 1) == 1


def test_no_clause_is_dropped_or_empty() -> None:
    for case in CASES:
        for query in queries(case):
            for each in objects(query):
                for group in ("filter", "must_not", "should"):
                    if isinstance(each.get("bool"), dict) and group in each["bool"]:
                        assert each["bool"][group]


def test_bound_queries_hold_nothing_open_and_no_date_arithmetic() -> None:
    for case in CASES:
        for query in queries(case):
            bound = bind(query, case.now_ms, SEALING.hash)
            assert not [key for each in objects(bound) for key in each if key.startswith("$")]
            for each in objects(bound):
                for limit in each.get("range", {}).values():
                    for value in limit.values():
                        instant = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
                        assert not isinstance(value, str) or re.fullmatch(instant, value)


def test_binding_leaves_the_compiled_query_as_it_was() -> None:
    for case in CASES[:200]:
        for query in queries(case):
            before = canonical_bytes(query)
            bind(query, case.now_ms, SEALING.hash)
            assert canonical_bytes(query) == before


def test_equal_predicates_compile_to_equal_bytes_also_after_a_bundle() -> None:
    for case in CASES:
        again = decode(json.loads(canonical_bytes(encode(case.predicate))))
        assert again == case.predicate
        copied = Case(again, case.now_ms)
        assert [canonical_bytes(query) for query in queries(copied)] == [
            canonical_bytes(query) for query in queries(case)
        ]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_sql_binds_every_constant_and_names_every_parameter(dialect: Dialect) -> None:
    form = re.compile(r"\$(p\d+)" if dialect == "duckdb" else r"%\((p\d+)\)s")
    for case in CASES:
        query = compile_sql(case.predicate, CATALOGUE, dialect)
        if isinstance(query, SqlQuery):
            assert set(form.findall(query.where)) == set(query.parameters)
            canonical_bytes(dict(query.parameters))
            literals = set(re.findall(r"'([^']*)'", query.where))
            names = {name for name in literals if re.fullmatch(r"[a-z_]+(\$tokens)?", name)}
            assert literals - names <= {"s", "\\", " ", "%m-%d", "MM-DD"}


def test_english_is_one_outline_without_loose_ends() -> None:
    for case in CASES:
        lines = to_english(case.predicate).split("\n")
        if any(character in str(case.predicate) for character in ("\\n", "\\u2028", "\\x")):
            continue  # a constant may hold line breaks
        assert not lines[0].startswith((" ", "-"))
        for line in lines:
            assert line.strip()
            assert line == line.rstrip() or line.rstrip().endswith("pattern")
            assert not line.endswith(".")


def test_bounds_enclose_the_meaning() -> None:
    people = profiles(SEED, 40)
    for case in behaviours(SEED + 1, 150):
        wide = bound_predicate(case.predicate, LISTS, wide=True)
        narrow = bound_predicate(case.predicate, LISTS, wide=False)
        for number, person in enumerate(people):
            subject = Subject(person, events(SEED + number, 10), LIST_MEMBERS, KEY)
            meant = evaluate(case.predicate, subject, case.now_ms)
            assert evaluate(narrow, subject, case.now_ms) <= meant <= evaluate(wide, subject, case.now_ms)


def test_complement_is_plain() -> None:
    people = profiles(SEED, 20)
    for case in CASES[:400]:
        for person in people:
            subject = Subject(person, (), LIST_MEMBERS, KEY)
            held = evaluate(case.predicate, subject, case.now_ms)
            assert evaluate(Not(case.predicate), subject, case.now_ms) is not held
