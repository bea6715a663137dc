"""YAML as written: every code with a case whose markers it hits, and the text that its example gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.diagnostics import Code, Sink, all_codes, render_text
from engine.language.yaml.reader import read_documents
from tests.golden.harness import Case, cases, check

CASES = cases("Y")
CODES = [each for each in all_codes() if each.code.startswith("Y")]
WITHOUT_CASE = {"Y041", "Y042", "Y043", "Y060", "Y061", "Y062", "Y063", "Y064", "Y065"}
"""What a small file cannot show; unit tests make the large ones and the odd places."""


@pytest.mark.parametrize("case", CASES, ids=str)
def test_findings_are_exactly_where_the_markers_point(case: Case) -> None:
    sink = Sink()
    for file, data in case.files.items():
        read_documents(data, file, sink)
    check(case, sink.findings())


def test_every_code_has_a_case() -> None:
    assert {each.code for each in CODES} - {case.code for case in CASES} == WITHOUT_CASE


@pytest.mark.parametrize("code", [each for each in CODES if each.bad], ids=lambda each: each.code)
def test_bad_example_gives_its_code_and_reads_well(code: Code, golden: Callable[[Path, str], None]) -> None:
    sink = Sink()
    read_documents(code.bad.encode(), "example.yaml", sink)
    assert code.code in {each.code for each in sink.findings()}
    golden(Path(__file__).parent / f"{code.code}.txt", render_text.render(sink.findings(), {"example.yaml": code.bad}))


@pytest.mark.parametrize("code", [each for each in CODES if each.bad], ids=lambda each: each.code)
def test_good_example_gives_nothing(code: Code) -> None:
    sink = Sink()
    assert read_documents(code.good.encode(), "example.yaml", sink)
    assert sink.findings() == []
