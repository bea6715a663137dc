from __future__ import annotations

from dataclasses import replace
from typing import Any

import jsonschema
import pytest
import yaml

from engine.compiler.targets.elasticsearch import Exact, compile_query
from engine.compiler.targets.english import to_english
from engine.compiler.targets.sql import DIALECTS, SqlQuery, compile_sql
from engine.ir.predicate import CoreName, Leaf, LeafValue, Predicate
from engine.ir.types import FIELD_TYPES, Catalogue, Field
from engine.operators.core import Unsupported
from engine.operators.registry import CORE, OPERATORS, lower, operators_for
from engine.operators.surface import ABSENT, Operand, Refused

MEMBERS = (Field("city", "keyword"),)
FIELDS = [
    Field("own", kind, many, fields=MEMBERS if kind == "object" else ())
    for kind in FIELD_TYPES
    for many in (False, True)
]
CONSTANTS: dict[str, Any] = {
    "keyword": "US",
    "text": "free jazz",
    "number": 1.5,
    "integer": 7,
    "boolean": True,
    "date": "2026-03-01T09:30:00Z",
    "day": "1990-02-28",
}
# The only cells that may be unsupported, and why.
UNSUPPORTED = {("within_distance", dialect): "distances differ in their last digits" for dialect in DIALECTS}


def constant(name: str, field: Field) -> Any:
    operator = OPERATORS[name]
    if operator.value_schema is None:
        return ABSENT
    own = {
        "between": [CONSTANTS.get(field.type)] * 2,
        "within_last": "30d",
        "older_than": "30d",
        "within_next": "30d",
        "within_last_days": 3,
        "within_last_weeks": 3,
        "within_last_months": 3,
        "anniversary_within": 3,
        "within_distance": {"lat": 1, "lon": 2, "distance": "5km"},
    }
    if name in own:
        return own[name]
    many = name in {"in", "not_in"} or (name == "contains_all" and field.type == "keyword")
    return [CONSTANTS[field.type]] if many else CONSTANTS[field.type]


USES = [(name, field) for field in FIELDS for name in operators_for(field)]


def lowered(name: str, field: Field) -> Predicate:
    predicate = lower(Operand(field.name, field), name, constant(name, field))
    assert not isinstance(predicate, Refused), predicate
    return predicate


def shown(use: tuple[str, Field]) -> str:
    return f"{use[0]}-{'list of ' if use[1].many else ''}{use[1].type}"


@pytest.mark.parametrize("use", USES, ids=shown)
def test_every_operator_has_a_cell_on_every_target(use: tuple[str, Field]) -> None:
    name, field = use
    catalogue = Catalogue("customer", "customer_id", (field,))
    predicate = lowered(name, field)
    assert isinstance(compile_query(predicate, catalogue), Exact)
    assert to_english(predicate).strip()
    for dialect in DIALECTS:
        query = compile_sql(predicate, catalogue, dialect)
        reason = UNSUPPORTED.get((name, dialect))
        if reason is None:
            assert isinstance(query, SqlQuery)
        else:
            assert isinstance(query, Unsupported)
            assert reason in query.reason


def test_every_core_operator_is_reached_by_some_operator() -> None:
    reached: set[CoreName] = set()
    for name, field in USES:
        predicate = lowered(name, field)
        leaf = getattr(predicate, "item", predicate)
        if isinstance(leaf, Leaf):
            reached.add(leaf.op)
    assert reached == set(CORE)


def test_every_core_name_of_the_representation_has_an_operator() -> None:
    assert set(CORE) == set(CoreName.__args__)  # type: ignore[attr-defined] # a Literal keeps its values there


def test_registries_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        OPERATORS["like_no_other"] = OPERATORS["like"]  # type: ignore[index] # that it is refused is the point
    with pytest.raises(TypeError):
        CORE["equals"] = CORE["in"]  # type: ignore[index] # as above


@pytest.mark.parametrize("name", OPERATORS)
def test_example_is_a_condition_that_its_operator_takes(name: str) -> None:
    written = yaml.safe_load(OPERATORS[name].example)
    fields = [
        Field("country", "keyword"),
        Field("email", "keyword"),
        Field("city", "keyword"),
        Field("sku", "keyword"),
        Field("tags", "keyword", many=True),
        Field("bio", "text"),
        Field("lifetime_value", "number"),
        Field("last_order_at", "date"),
        Field("birthday", "day"),
        Field("home", "geo_point"),
    ]
    name_of_field = written.pop("field")
    field = next(each for each in fields if each.name == name_of_field)
    assert written.pop("operator") == name
    value = written.pop("value", ABSENT)
    assert not isinstance(lower(Operand(field.name, field, options=written), name, value), Refused)
    schema = OPERATORS[name].value_schema
    assert (schema is None) is (value is ABSENT)


@pytest.mark.parametrize("use", USES, ids=shown)
def test_schema_takes_what_the_operator_takes(use: tuple[str, Field]) -> None:
    name, field = use
    schema = OPERATORS[name].value_schema
    if schema is not None:
        jsonschema.Draft7Validator.check_schema(dict(schema))
        jsonschema.validate(constant(name, field), dict(schema))


def test_operators_of_a_type_are_those_of_the_language() -> None:
    comparisons = ["greater_than", "greater_or_equal", "less_than", "less_or_equal", "between"]
    presence = ["exists", "missing"]
    shapes = ["starts_with", "ends_with", "substring", "like", "matches"]
    exact = ["equals", "not_equals"]
    relative = [
        "within_last",
        "older_than",
        "within_next",
        "within_last_days",
        "within_last_weeks",
        "within_last_months",
    ]
    wanted = {
        "keyword": [*exact, "in", "not_in", *shapes, *presence],
        "text": ["contains", "contains_all", "contains_phrase", *presence],
        "number": [*comparisons, *presence],
        "integer": [*exact, *comparisons, "in", "not_in", *presence],
        "boolean": [*exact, "in", "not_in", *presence],
        "date": [*exact, *comparisons, *presence, *relative],
        "day": [*presence, "anniversary_within"],
        "geo_point": [*presence, "within_distance"],
        "object": presence,
    }
    assert {kind: operators_for(Field("own", kind)) for kind in FIELD_TYPES} == wanted
    words = operators_for(Field("own", "text", many=True))
    assert words == ["contains", *presence]
    tags = operators_for(Field("own", "keyword", many=True))
    assert set(tags) == {*wanted["keyword"], "contains", "contains_all"}


def test_encrypted_fields_take_only_what_their_index_answers() -> None:
    searchable = Field("email", "keyword", encrypted="equality")
    assert operators_for(searchable) == ["equals", "not_equals", "in", "not_in", "exists", "missing"]
    assert operators_for(replace(searchable, many=True)) == operators_for(searchable)
    assert operators_for(replace(searchable, encrypted="none")) == ["exists", "missing"]
    assert operators_for(Field("born", "day", encrypted="equality")) == ["exists", "missing"]


def test_leaf_without_its_kind_of_constant_is_a_bug() -> None:
    wrong: dict[CoreName, LeafValue] = {"equals": ("a",), "in": "a", "range": 5, "anniversary_within": 5}
    for op, value in wrong.items():
        with pytest.raises(TypeError, match=op):
            CORE[op].english(Leaf("own", op, value), positive=True)
