"""Names, types and limits of conditions: findings where the markers point, and the words they are told in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.diagnostics import Finding, all_codes, render_text
from tests.golden.harness import Case, cases, check
from tests.golden.surrounded import findings_in

CASES = [case for case in cases("LTCP") if not case.code.startswith("T1")]
CODES = [each.code for each in all_codes() if each.code[0] in "LTCP" and not each.code.startswith("T1")]


def findings(case: Case, folder: Path) -> list[Finding]:
    """What is found in the one file of a case, among the surroundings."""
    ((file, text),) = case.texts().items()
    return [replace(each, span=replace(each.span, file=file)) for each in findings_in(text, folder, file)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_findings_are_exactly_where_the_markers_point(case: Case, tmp_path: Path) -> None:
    check(case, findings(case, tmp_path))


def test_every_code_has_a_case() -> None:
    assert set(CODES) == {case.code for case in CASES}


@pytest.mark.parametrize("case", [case for case in CASES if not case.good], ids=str)
def test_messages_read_well(case: Case, golden: Callable[[Path, str], None], tmp_path: Path) -> None:
    text = render_text.render(findings(case, tmp_path), case.texts())
    golden(Path(__file__).parent / f"{case.code}_{case.name}.txt", text)
