from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from engine import load_workspace
from engine.bundle.content import bundle_content
from engine.bundle.envelope import About
from engine.bundle.read import Acceptance, open_bundle
from engine.bundle.write import pack
from engine.compiler.mapping import index_mapping, mapping_hash
from engine.compiler.targets.placeholders import bind
from engine.ir.canonical import canonical_bytes
from engine.ir.predicate import Element, Leaf
from engine.ir.program import Program
from engine.ir.types import Catalogue, Field

WORKSPACE = Path(__file__).parents[2] / "golden" / "cli" / "before"


@pytest.fixture(scope="module")
def program() -> Program:
    return load_workspace(WORKSPACE).program


@pytest.fixture(scope="module")
def targets(program: Program) -> Any:
    return bundle_content(program)["targets"]


def test_every_segment_is_there_for_every_target(program: Program, targets: Any) -> None:
    assert targets["elasticsearch"].keys() == program.segments.keys()
    for dialect in ("duckdb", "postgres"):
        assert targets["sql"][dialect]["segments"].keys() == program.segments.keys()


def test_a_query_keeps_its_clock_open_until_it_is_bound(targets: Any) -> None:
    query = targets["elasticsearch"]["active"]["query"]
    assert b'"$now":"-90d"' in canonical_bytes(query)
    bound = canonical_bytes(bind(query, 0))
    assert b"$now" not in bound
    assert b"1969-10-03T00:00:00.000Z" in bound


def test_what_the_index_cannot_answer_has_bounds_and_sql_says_why_not(targets: Any) -> None:
    assert targets["elasticsearch"]["regulars"]["candidates"].keys() == {"surely_contains", "surely_within"}
    for dialect in ("duckdb", "postgres"):
        assert "events" in targets["sql"][dialect]["segments"]["regulars"]["unsupported"]


def test_sql_has_its_table_and_its_parameters(targets: Any) -> None:
    duckdb = targets["sql"]["duckdb"]
    assert duckdb["table"].startswith("CREATE TABLE")
    vip = duckdb["segments"]["vips"]
    assert {"$list": "staff"} in vip["parameters"].values()
    assert all(f"${name}" in vip["text"] for name in vip["parameters"])


def test_the_mapping_is_known_by_its_hash(program: Program, targets: Any) -> None:
    assert targets["mapping"] == index_mapping(program.catalogue)
    assert targets["mapping_hash"] == mapping_hash(targets["mapping"])


def test_content_comes_back_from_the_file(program: Program) -> None:
    found = open_bundle(pack(program, About("shop")).file_bytes(), Acceptance(), "2026-03-01T00:00:00.000Z")
    assert found.program.data() == program.data()
    assert found.targets == bundle_content(program)["targets"]


def _turned(items: Mapping[str, Any]) -> dict[str, Any]:
    return {name: items[name] for name in sorted(items, reverse=True)}


def test_the_order_in_which_documents_were_read_does_not_count(program: Program) -> None:
    turned = dataclasses.replace(
        program,
        segments=_turned(program.segments),
        lists=_turned(program.lists),
        rulesets=_turned(program.rulesets),
        experiments=_turned(program.experiments),
    )
    assert pack(turned, About("shop")).content == pack(program, About("shop")).content


def test_another_meaning_is_another_digest(program: Program) -> None:
    other = dataclasses.replace(program, lists={"staff": ("c-1",)})
    assert pack(other, About("shop")).digest != pack(program, About("shop")).digest


def test_an_unsupported_cell_keeps_its_reason() -> None:
    places = Field("places", "object", many=True, fields=(Field("name", "keyword"),))
    inside = Element("places", Leaf("name", "matches", "a+"))
    program = Program("shop", "UTC", Catalogue("customer", "id", (places,)), segments={"here": inside})
    for dialect in ("duckdb", "postgres"):
        found = bundle_content(program)["targets"]["sql"][dialect]["segments"]["here"]
        assert found.keys() in ({"unsupported"}, {"text", "parameters"})
