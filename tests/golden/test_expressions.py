"""Findings inside expressions and cells: their columns against markers, their words against a file.

A case holds `conditions` (texts that must be true or false), `values` (texts of any type) and `cells` (lists by the
name of the column's type).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.compiler.expressions import DocumentValue, lower_cell, lower_expression
from engine.diagnostics import Finding, Sink
from engine.diagnostics.render_text import render
from engine.ir.expression import BOOLEAN, DATETIME, FLOAT, INTEGER, STRING, TIMEDELTA, ValueType
from engine.language.yaml.reader import YamlDocument, read_documents
from tests.expression_world import new_scope
from tests.golden.harness import Case, check

FOLDER = Path(__file__).parent / "expressions"
COLUMNS = {
    "text": STRING,
    "country": ValueType("string", values=("CA", "US")),
    "city": ValueType("string", normalize="lowercase"),
    "integer": INTEGER,
    "number": FLOAT,
    "boolean": BOOLEAN,
    "datetime": DATETIME,
    "timedelta": TIMEDELTA,
    "tags": ValueType("array", of=STRING),
    "object": ValueType("object"),
    "email": ValueType("string", sealed="equality"),
    "notes": ValueType("string", sealed="none"),
}


def cases() -> Iterator[Case]:
    """Every case, by code and name."""
    for path in sorted(FOLDER.glob("*/*.yaml")):
        yield Case(path.parent.name, path.stem, {path.name: path.read_bytes()})


def findings_of(case: Case) -> list[Finding]:
    """What is found in the one file of a case."""
    sink = Sink()
    ((file, data),) = case.files.items()
    for document in read_documents(data, file, sink):
        _lower(document, sink)
    return sink.findings()


def _lower(document: YamlDocument, sink: Sink) -> None:
    scope = new_scope()
    root = DocumentValue(document.spans, (), "ruleset/hero")
    value: dict[str, Any] = document.value
    for index, text in enumerate(value.get("conditions", [])):
        lower_expression(text, scope, root.at("conditions", index), sink, expected=BOOLEAN)
    for index, text in enumerate(value.get("values", [])):
        lower_expression(text, scope, root.at("values", index), sink)
    for column, cells in value.get("cells", {}).items():
        for index, cell in enumerate(cells):
            lower_cell(cell, COLUMNS[column], root.at("cells", column, index), sink)


CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_findings_stand_under_their_markers(case: Case) -> None:
    check(case, findings_of(case))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_findings_say_what_the_file_says(case: Case, golden: Callable[[Path, str], None]) -> None:
    found = findings_of(case)
    if case.good:
        assert found == []
        return
    text = render(found, case.texts())
    golden(FOLDER / case.code / f"{case.name}.txt", text)


def test_every_code_of_expressions_has_a_case() -> None:
    from engine.diagnostics import all_codes

    wanted = {each.code for each in all_codes() if each.code[0] == "T" and each.code >= "T1"}
    assert wanted - {case.code for case in CASES} == set()
