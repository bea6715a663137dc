from __future__ import annotations

import json
from typing import Any

import pytest

from engine.compiler.mapping import index_document, index_mapping, mapping_hash
from engine.compiler.targets.elasticsearch import Candidates, Exact, bind, compile_query
from engine.compiler.targets.english import to_english
from engine.compiler.targets.limits import LEAVES_LIMIT, LEVELS_LIMIT, QuerySize, check_limits, query_size
from engine.compiler.targets.placeholders import hash_placeholder, parse_now, parse_window, published_window
from engine.compiler.targets.sql import SqlQuery, compile_sql, create_table, row
from engine.ir.binding import placeholder
from engine.ir.instant import parse_instant
from engine.ir.predicate import (
    AllOf,
    Anniversary,
    AnyOf,
    Bounds,
    Constant,
    Element,
    Events,
    EventSequence,
    InList,
    Leaf,
    Not,
    Now,
    Predicate,
    Step,
)
from engine.ir.types import Catalogue, Field
from engine.operators.core import Unsupported

CATALOGUE = Catalogue(
    "customer",
    "customer_id",
    (
        Field("country", "keyword"),
        Field("tags", "keyword", many=True),
        Field("bio", "text"),
        Field("lifetime_value", "number"),
        Field("seen", "date"),
        Field("born", "day"),
        Field("email", "keyword", encrypted="equality"),
        Field("phone", "keyword", encrypted="none"),
        Field(
            "home",
            "object",
            fields=(Field("city", "keyword"), Field("moved", "day"), Field("key", "keyword", encrypted="none")),
        ),
        Field(
            "orders",
            "object",
            many=True,
            fields=(Field("sku", "keyword"), Field("lines", "object", many=True, fields=(Field("n", "integer"),))),
        ),
    ),
)
NOW = parse_instant("2026-03-31T12:00:00Z")
US = Leaf("country", "equals", "US")
CA = Leaf("country", "equals", "CA")
BOUGHT = Events("purchase", "count", Leaf("value", "range", Bounds(1), "integer"))


def query(predicate: Predicate) -> Any:
    compiled = compile_query(predicate, CATALOGUE, {"few": ["c-1", "c-2"]})
    assert isinstance(compiled, Exact)
    return compiled.query


def clause(predicate: Predicate) -> Any:
    (only,) = query(predicate)["bool"]["filter"]
    return only


@pytest.mark.parametrize(
    "leaf, expected",
    [
        (US, {"term": {"country": "US"}}),
        (
            Leaf("lifetime_value", "range", Bounds(1000.0, lower_inclusive=False), "number"),
            {"range": {"lifetime_value": {"gt": 1000.0}}},
        ),
        (
            Leaf("lifetime_value", "range", Bounds(upper=1000.0, upper_inclusive=False), "number"),
            {"range": {"lifetime_value": {"lt": 1000.0}}},
        ),
        (Leaf("tags", "contains", "vip", many=True), {"match": {"tags": "vip"}}),
        (Leaf("country", "in", ("US", "CA")), {"terms": {"country": ["US", "CA"]}}),
    ],
)
def test_classic_operators_have_exactly_their_short_forms(leaf: Leaf, expected: dict[str, Any]) -> None:
    assert query(leaf) == {"bool": {"filter": [expected]}}
    assert json.dumps(clause(leaf)) == json.dumps(expected)  # 1000.0 and 1000 are equal, and not the same


def test_every_condition_at_the_top_is_a_clause_of_its_own() -> None:
    assert query(AllOf((US, Not(CA)))) == {
        "bool": {"filter": [{"term": {"country": "US"}}, {"bool": {"must_not": [{"term": {"country": "CA"}}]}}]}
    }


def test_any_asks_for_one_of_its_clauses() -> None:
    assert clause(AnyOf((US, CA)))["bool"]["minimum_should_match"] == 1


def test_constants_are_said_aloud() -> None:
    assert clause(Constant(value=True)) == {"match_all": {}}
    assert clause(Constant(value=False)) == {"match_none": {}}


def test_missing_is_must_not_exists() -> None:
    assert clause(Not(Leaf("born", "exists", None, "day"))) == {
        "bool": {"must_not": [{"exists": {"field": "born.date"}}]}
    }


def test_object_exists_by_its_members_and_a_list_of_objects_by_its_own_documents() -> None:
    members = [
        {"exists": {"field": "home.city"}},
        {"exists": {"field": "home.moved.date"}},
        {"term": {"home.key.present": True}},
    ]
    assert clause(Leaf("home", "exists", None, "object"))["bool"]["should"] == members
    assert clause(Leaf("orders", "exists", None, "object", many=True))["nested"]["query"] == {"match_all": {}}


def test_elements_inside_elements_have_whole_paths() -> None:
    inner = Element("lines", Leaf("n", "equals", 1, "integer"))
    outer = clause(Element("orders", inner))["nested"]
    assert outer["path"] == "orders"
    assert outer["query"]["nested"]["path"] == "orders.lines"
    assert outer["query"]["nested"]["query"] == {"term": {"orders.lines.n": 1}}


def test_encrypted_constants_stay_parameters_until_the_query_is_bound() -> None:
    leaf = Leaf("email", "in", ("a@b.c", "d@e.f"))
    assert clause(leaf) == {
        "terms": {"email.hash": [hash_placeholder("email", "a@b.c"), hash_placeholder("email", "d@e.f")]}
    }
    assert bind(clause(leaf), NOW, lambda field, value: f"{field}/{value}") == {
        "terms": {"email.hash": ["email/a@b.c", "email/d@e.f"]}
    }
    with pytest.raises(LookupError, match="`email` is encrypted, and no key was handed in"):
        bind(clause(leaf), NOW)


def test_presence_of_encrypted_fields_is_a_flag() -> None:
    assert clause(Leaf("phone", "exists")) == {"term": {"phone.present": True}}


def test_relative_instants_are_bound_as_instants() -> None:
    leaf = Leaf("seen", "range", Bounds(Now(-7, "days", "Europe/Berlin"), Now()), "date")
    assert clause(leaf) == {
        "range": {"seen": {"gte": {"$now": "-7d/d", "zone": "Europe/Berlin"}, "lte": {"$now": "+0d"}}}
    }
    assert bind(clause(leaf), NOW) == {
        "range": {"seen": {"gte": "2026-03-23T23:00:00.000Z", "lte": "2026-03-31T12:00:00.000Z"}}
    }


def test_days_of_a_window_are_bound_as_month_and_day() -> None:
    leaf = Leaf("born", "anniversary_within", Anniversary(1), "day")
    assert bind(clause(leaf), NOW) == {"terms": {"born.month_day": ["03-31", "04-01"]}}


@pytest.mark.parametrize("amount", [0, 1, -1, 999, -1000, 60_000, 3_600_000, -86_400_000, 7 * 86_400_000])
def test_placeholders_of_durations_are_read_back(amount: int) -> None:
    assert parse_now(placeholder(Now(amount))) == Now(amount)


@pytest.mark.parametrize("now", [Now(0, "days", "UTC"), Now(-30, "days", "Asia/Tokyo"), Now(-3, "months", "UTC")])
def test_placeholders_of_calendar_units_are_read_back(now: Now) -> None:
    assert parse_now(placeholder(now)) == now


def test_placeholders_of_windows_are_read_back() -> None:
    assert parse_window(published_window(Anniversary(7, "Asia/Tokyo"))) == Anniversary(7, "Asia/Tokyo")


@pytest.mark.parametrize("text", ["", "30d", "-30", "-30w", "-3M", "-3h/d", "+1d/d/d", "now-30d"])
def test_other_texts_are_no_placeholders(text: str) -> None:
    with pytest.raises(ValueError, match="is not a relative instant"):
        parse_now({"$now": text, "zone": "UTC"})


@pytest.mark.parametrize("text", ["7d", "-7d", "+7d/d", "+7h"])
def test_other_texts_are_no_windows(text: str) -> None:
    with pytest.raises(ValueError, match="is not a window of days"):
        parse_window({"$month_days": text, "zone": "UTC"})


def bounds(predicate: Predicate, lists: dict[str, list[str]] | None = None) -> tuple[list[Any], list[Any]]:
    compiled = compile_query(predicate, CATALOGUE, lists)
    assert isinstance(compiled, Candidates)
    return compiled.surely_contains["bool"]["filter"], compiled.surely_within["bool"]["filter"]


ALL: dict[str, Any] = {"match_all": {}}
NONE: dict[str, Any] = {"match_none": {}}


def test_behaviour_is_bounded_and_the_rest_stays_exact() -> None:
    us = {"term": {"country": "US"}}
    assert bounds(AllOf((US, BOUGHT))) == ([us, ALL], [us, NONE])
    assert bounds(EventSequence((Step("visit"),))) == ([ALL], [NONE])


def test_bounds_are_swapped_under_not() -> None:
    def denied(inner: Any) -> list[Any]:
        return [{"bool": {"must_not": [inner]}}]

    assert bounds(Not(BOUGHT)) == (denied(NONE), denied(ALL))
    assert bounds(Not(Not(BOUGHT))) == (
        denied({"bool": {"must_not": [ALL]}}),
        denied({"bool": {"must_not": [NONE]}}),
    )


def test_short_lists_are_asked_and_long_ones_are_bounded() -> None:
    assert clause(InList("few")) == {"terms": {"customer_id": ["c-1", "c-2"]}}
    long = {"long": [str(number) for number in range(65_537)]}
    assert bounds(InList("long"), long) == ([ALL], [NONE])


def test_predicate_on_an_undeclared_field_is_a_bug() -> None:
    with pytest.raises(LookupError, match="`nowhere` is not declared"):
        compile_query(Leaf("nowhere", "exists"), CATALOGUE)
    with pytest.raises(LookupError, match="`nowhere` is not declared"):
        compile_sql(Leaf("nowhere", "exists"), CATALOGUE, "duckdb")


def test_size_counts_levels_and_words() -> None:
    assert query_size(query(US), CATALOGUE) == QuerySize(2, 1)
    assert query_size(query(Not(AnyOf((US, CA)))), CATALOGUE) == QuerySize(4, 2)
    assert query_size(query(Leaf("bio", "contains", "free Jazz age", "text")), CATALOGUE) == QuerySize(2, 3)
    assert query_size(query(Leaf("bio", "contains_all", "free jazz", "text")), CATALOGUE) == QuerySize(2, 2)
    assert query_size(query(Leaf("tags", "contains", "free jazz", many=True)), CATALOGUE) == QuerySize(2, 1)
    assert query_size(query(Element("orders", Leaf("sku", "equals", "a"))), CATALOGUE) == QuerySize(3, 1)


def test_limits_name_what_is_too_large() -> None:
    deep: Predicate = US
    for _ in range(LEVELS_LIMIT - 1):
        deep = Not(deep)
    assert [problem.message for problem in check_limits(query(deep), "vips", CATALOGUE)] == [
        "`vips` has 26 nested levels once references are expanded, expected at most 25"
    ]
    wide = AllOf((US,) * (LEAVES_LIMIT + 1))
    assert [problem.message for problem in check_limits(query(wide), "vips", CATALOGUE)] == [
        "`vips` has 1,025 conditions once references are expanded, expected at most 1,024"
    ]
    assert check_limits(query(AllOf((US,) * LEAVES_LIMIT)), "vips", CATALOGUE) == []


def test_sql_refuses_events_with_the_reason() -> None:
    compiled = compile_sql(BOUGHT, CATALOGUE, "postgres")
    assert compiled == Unsupported("conditions on events are answered by the matcher, which has the events")


def test_sql_names_its_parameters_by_the_prefix_and_each_constant_once() -> None:
    compiled = compile_sql(AllOf((US, Not(US), CA)), CATALOGUE, "duckdb", "vips_")
    assert isinstance(compiled, SqlQuery)
    assert dict(compiled.parameters) == {"vips_1": "US", "vips_2": "CA"}


def test_sql_repeats_too_large_for_postgres_are_refused_there_alone() -> None:
    leaf = Leaf("country", "matches", "a{256}")
    assert isinstance(compile_sql(leaf, CATALOGUE, "duckdb"), SqlQuery)
    assert compile_sql(leaf, CATALOGUE, "postgres") == Unsupported(
        "`matches` on `country`: PostgreSQL repeats at most 255 times"
    )


def test_sql_names_too_long_for_postgres_stay_apart() -> None:
    names = [f"{'n' * 62}{end}" for end in "ab"]
    catalogue = Catalogue("customer", "customer_id", tuple(Field(name, "text") for name in names))
    columns = [line.split('"')[1] for line in create_table(catalogue, "postgres").splitlines()[1:] if "[]" in line]
    assert len(set(columns)) == 2
    assert all(len(column) <= 63 for column in columns)


@pytest.mark.parametrize("profile", [{}, {"tags": []}, {"tags": [None]}, {"home": {}}, {"orders": [{"lines": []}]}])
def test_what_is_missing_is_neither_indexed_nor_a_column(profile: dict[str, Any]) -> None:
    whole = {"customer_id": "c-1", **profile}
    assert index_document(whole, CATALOGUE) == {"customer_id": "c-1"}
    assert row(whole, CATALOGUE, "duckdb") == {"customer_id": "c-1"}
    assert row(whole, CATALOGUE, "postgres") == {"customer_id": "c-1"}


def test_sealed_values_need_a_key() -> None:
    profile = {"customer_id": "c-1", "email": "a@b.c"}
    with pytest.raises(LookupError, match="`email` is encrypted, and no key was handed in"):
        index_document(profile, CATALOGUE)
    with pytest.raises(LookupError, match="`email` is encrypted, and no key was handed in"):
        row(profile, CATALOGUE, "duckdb")


def test_mapping_hash_is_known_by_what_it_maps() -> None:
    mapping = index_mapping(CATALOGUE)
    assert mapping_hash(mapping) == mapping_hash(index_mapping(CATALOGUE))
    other = Catalogue("customer", "customer_id", (Field("country", "text"),))
    assert mapping_hash(index_mapping(other)) != mapping_hash(mapping)


def test_mapping_is_strict_everywhere_and_drops_nothing() -> None:
    def check(data: Any) -> None:
        if isinstance(data, dict):
            assert "ignore_above" not in data
            if "properties" in data and "type" in data:
                assert data["dynamic"] == "strict"
            if data.get("type") in {"double", "long"}:
                assert data["coerce"] is False
            for value in data.values():
                check(value)

    mapping = index_mapping(CATALOGUE)
    assert mapping["mappings"]["dynamic"] == "strict"
    check(mapping)


@pytest.mark.parametrize(
    "predicate, text",
    [
        (
            AllOf(
                (
                    Leaf("lifetime_value", "range", Bounds(1000.0, lower_inclusive=False), "number"),
                    Leaf("country", "in", ("US", "CA")),
                )
            ),
            "lifetime value is greater than 1,000 and country is one of US, CA",
        ),
        (Not(US), "country is not US (or is missing)"),
        (Not(Not(US)), "country is US"),
        (Not(Leaf("country", "exists")), "country is missing"),
        (Constant(value=False), "no one"),
        (Not(BOUGHT), "has had no purchase event"),
        (
            Leaf("country", "in", tuple(f"c{number}" for number in range(14))),
            "country is one of c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, 2 more",
        ),
        (Not(AnyOf((US, CA))), "none of:\n- country is US\n- country is CA"),
        (Leaf("seen", "range", Bounds(Now(-86_400_000), Now()), "date"), "seen is within the last day"),
        (
            Leaf("seen", "range", Bounds(Now(0, "days", "Asia/Tokyo"), Now()), "date"),
            "seen is since the start of today (Asia/Tokyo)",
        ),
        (
            Leaf("seen", "range", Bounds(Now(-5, "days", "UTC")), "date"),
            "seen is at or after the start of the day 5 days ago (UTC)",
        ),
    ],
)
def test_english_says_what_is_meant(predicate: Predicate, text: str) -> None:
    assert to_english(predicate) == text
