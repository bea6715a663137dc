"""The schemas as files: sound, fresh, and what they say of operators is what operators take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from engine.ir.types import FIELD_TYPES, Field
from engine.language.documents.segment import SegmentDocument
from engine.language.jsonschema import check_schemas, document_schema, schemas, write_schemas
from engine.operators.registry import OPERATORS, lower
from engine.operators.surface import ABSENT, Operand, Refused

SCHEMAS = Path(__file__).parents[4] / "schemas"
CONSTANTS: list[Any] = [
    *(
        ABSENT,
        "a",
        "",
        "x" * 300,
        3,
        3.5,
        -1,
        True,
        10**6,
        "30d",
        "0d",
        "30 days",
        "2026-01-01T00:00:00Z",
        "1990-02-28",
    ),
    *([], ["a"], ["a", "b"], [1, 2], [1.5, 2], [True], ["a", 1], ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]),
    *({"lat": 1, "lon": 2, "distance": "5km"}, {"lat": 1, "lon": 2}, {"lat": 100, "lon": 2, "distance": "5km"}),
]


@pytest.mark.parametrize("name", sorted(schemas()))
def test_schema_is_sound_draft_07(name: str) -> None:
    Draft7Validator.check_schema(schemas()[name])


def test_schemas_in_the_repository_are_fresh() -> None:
    assert check_schemas(SCHEMAS) == []


def test_written_schemas_are_fresh_and_changed_or_missing_ones_stale(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    assert check_schemas(tmp_path) == []
    (tmp_path / "segment.schema.json").unlink()
    with (tmp_path / "layer.schema.json").open("a") as stream:
        stream.write(" ")
    assert check_schemas(tmp_path) == ["layer.schema.json", "segment.schema.json"]


def test_schemas_refer_to_nothing_outside_of_them() -> None:
    for schema in schemas().values():
        known = {f"#/definitions/{name}" for name in schema["definitions"]}
        assert set(references(schema)) <= known


def references(value: Any) -> list[str]:
    """Every `$ref` inside a schema."""
    if isinstance(value, list):
        return [each for item in value for each in references(item)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return own + [each for item in value.values() for each in references(item)]


def test_unions_are_told_apart_by_the_key_that_is_there() -> None:
    condition = document_schema(SegmentDocument, "Segment")["definitions"]["Condition"]
    assert "oneOf" not in condition
    assert set(condition["properties"]) >= {"field", "all", "any", "not", "segment", "list", "element", "events"}


LEAF = Draft7Validator(
    {"$ref": "#/definitions/Leaf", "definitions": document_schema(SegmentDocument, "Segment")["definitions"]}
)


@pytest.mark.parametrize("operator", sorted(OPERATORS))
def test_constants_that_an_operator_takes_fit_the_schema(operator: str) -> None:
    taken = 0
    for value in CONSTANTS:
        leaf = {"field": "a", "operator": operator} | ({} if value is ABSENT else {"value": value})
        if any(takes(operator, Field("a", kind, many=many), value) for kind in FIELD_TYPES for many in (False, True)):
            taken += 1
            assert [error.message for error in LEAF.iter_errors(leaf)] == []
    assert taken


@pytest.mark.parametrize("operator", sorted(OPERATORS))
def test_schema_refuses_some_constants_for_every_operator(operator: str) -> None:
    leaves = [{"field": "a", "operator": operator, "value": value} for value in CONSTANTS if value is not ABSENT]
    assert not all(LEAF.is_valid(leaf) for leaf in leaves)


def takes(operator: str, field: Field, value: Any) -> bool:
    """Whether the operator takes the constant for such a field."""
    return not isinstance(lower(Operand("a", field), operator, value), Refused)
