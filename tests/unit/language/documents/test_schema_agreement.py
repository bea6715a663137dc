"""JSON Schema and models accept the same documents, but for what JSON Schema cannot say."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from engine.diagnostics import Finding, Sink
from engine.language.document import snake
from engine.language.documents.kinds import KINDS
from engine.language.jsonschema import any_document_schema, document_schema
from engine.language.yaml.reader import read_documents
from engine.shapes.base import Shape
from tests.golden.harness import Case, cases
from tests.unit.language.documents.corpus import sound_values, told

BEYOND = [
    ("S010", r"is not an output of the model"),
    ("S011", r"every output has a fallback"),
    ("S011", r"has no outputs; expected a mapping of output to value at its end"),
    ("S011", r"the clock is set by the test or by the case"),
    ("S011", r"is that of a decision"),
    ("S012", r"has a mapping before its end; expected a cell"),
    ("S013", r"is not an arm; the arms are"),
    ("S014", r"have weights "),
    ("S014", r"has no slot; the second must be larger"),
    ("S014", r"has \d+ cells?; expected"),
    ("S014", r"has no outputs; expected at least one"),
    ("S014", r"^`(min|default)` is .* (less than `max`|from .* to)"),
    ("S014", r"^`(floor|cap)` of \d+ arms"),
    ("S014", r"does not rise above the step before"),
    ("S015", r"expected (an instant|a calendar day) that exists"),
    ("S015", r"expected an instant with at most milliseconds"),
    ("S015", r"expected a duration of more than nothing and at most 100 years"),
    ("S016", r"`priority` stands in a table"),
    ("S016", r"`normalize` does not go with"),
    ("S016", r"is both expected and not expected"),
    ("S018", r"is written twice"),
]
"""What models refuse and JSON Schema lets pass: sums, references and orders between values, dates that do not exist,
names that must differ. Further, not made here: `5.0` for a whole number, and a line break after a name."""


def beyond(finding: Finding) -> bool:
    """Whether JSON Schema cannot see this."""
    return any(finding.code == code and re.search(form, finding.message) for code, form in BEYOND)


def shape_schema() -> dict[str, Any]:
    """The schema of any document without the rules on operators' constants, which are checks of the compiler."""
    schema = any_document_schema()
    schema["definitions"]["OperatorRules"] = {}
    return schema


VALIDATOR = Draft7Validator(shape_schema())


def disagreement(value: Any) -> str:
    """How schema and models differ over a value, or nothing."""
    findings = [each for each in told(value) if each.code.startswith("S")]
    refused = list(VALIDATOR.iter_errors(value))
    if refused and not findings:
        return f"only the schema refuses: {refused[0].message} at {list(refused[0].absolute_path)}"
    if findings and not refused and not all(beyond(each) for each in findings):
        return f"only the models refuse: {[each.message for each in findings if not beyond(each)]}"
    return ""


@pytest.mark.parametrize("value", sound_values(), ids=lambda each: f"{each['kind']}-{each['name']}")
def test_sound_documents_fit_the_whole_schema(value: dict[str, Any]) -> None:
    own = document_schema(KINDS[value["kind"]], value["kind"])
    for schema in (own, any_document_schema()):
        assert [error.message for error in Draft7Validator(schema).iter_errors(value)] == []


@pytest.mark.parametrize("case", [each for each in cases("S") if len(each.files) == 1], ids=str)
def test_golden_cases_are_judged_alike(case: Case) -> None:
    for data in case.files.values():
        for document in read_documents(data, "x.yaml", Sink()):
            assert disagreement(document.value) == ""


def steps(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all that is inside a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in inside:
        yield (*path, step)
        yield from steps(each, (*path, step))


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    """What stands at a path."""
    for step in path:
        value = value[step]
    return value


CORPUS = sound_values()
PARTS = [at(value, path) for value in CORPUS for path in steps(value)]
KEYS = sorted({path[-1] for value in CORPUS for path in steps(value) if isinstance(path[-1], str)})
ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 1.5, 10**7, 2**60, "", "x", "Bad Name", "a" * 64, "0d", "30d", "9w", "50%", "101%"),
    *("2026-01-01", "2026-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "../x", "v2", "first", [], {}, ["a"], ["a", "a"]),
    *({"a": 1}, [[]], [None], {"Bad": 1}, "50ms", "61s", "a.b", "a..b", "Europe/Berlin", "x" * 5000, ["x", 1]),
]
values = st.one_of(st.sampled_from(ODD), st.sampled_from(PARTS))
keys = st.one_of(st.sampled_from(KEYS), st.sampled_from(["extra", "Bad Key", "<all>", "[key]"]))


@st.composite
def changed_documents(draw: st.DrawFn) -> dict[str, Any]:
    """A sound document with one to three changes: keys gone, added or renamed, other values, entries doubled."""
    value: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(CORPUS)))
    for _ in range(draw(st.integers(1, 3))):
        paths = [path for path in steps(value) if path != ("kind",)]
        if not paths:
            break
        path = draw(st.sampled_from(paths))
        change(draw, at(value, path[:-1]), path[-1])
    return value


def change(draw: st.DrawFn, holder: Any, step: Any) -> None:
    """One change of what stands in a mapping or list."""
    kind = draw(st.sampled_from(["delete", "replace", "replace", "add", "double"]))
    new = copy.deepcopy(draw(values))
    if kind == "delete":
        del holder[step]
    elif kind == "replace":
        holder[step] = new
    elif isinstance(holder, dict):
        holder[draw(keys)] = copy.deepcopy(holder[step]) if kind == "double" else new
    else:
        holder.insert(step, copy.deepcopy(holder[step]) if kind == "double" else new)


@settings(max_examples=1500)
@given(changed_documents())
def test_changed_documents_are_judged_alike(value: dict[str, Any]) -> None:
    assert disagreement(value) == ""


def test_a_disagreement_would_be_seen() -> None:
    value = {**CORPUS[0], "extra": 1}
    assert not VALIDATOR.is_valid(value)
    assert Draft7Validator({**shape_schema(), "allOf": []}).is_valid(value)
    assert not all(beyond(each) for each in told(value))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_key_has_a_title_and_a_description(kind: str) -> None:
    assert [key for key, field in walk(document_schema(KINDS[kind], kind)) if not field["description"]] == []


def walk(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key that the objects of a schema declare."""
    for body in (schema, *schema["definitions"].values()):
        if body.get("additionalProperties") is False:
            yield from body["properties"].items()


def test_shapes_say_what_they_are() -> None:
    silent = [shape.__name__ for shape in subclasses(Shape) if not shape.__doc__ or shape.__doc__ == Shape.__doc__]
    assert silent == []


def subclasses(cls: type[Shape]) -> Iterator[type[Shape]]:
    """Every class below another."""
    for each in cls.__subclasses__():
        yield each
        yield from subclasses(each)


def test_file_names_follow_the_kinds() -> None:
    assert snake("RollbackPolicy") == "rollback_policy"
