"""Rule graphs, tables and experiments: every code with a case whose markers it hits, and the text that it gives."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from engine import load_workspace
from engine.diagnostics import Finding, all_codes, render_text
from tests.golden.harness import Case, cases, check

HERE = Path(__file__).parent
BASE = HERE / "workspace"
CASES = cases("GDX")
CODES = [each for each in all_codes() if each.code[0] in "GDX"]


def findings(folder: Path, files: Mapping[str, str]) -> list[Finding]:
    """What is found in the files beside the base workspace, places relative to them."""
    shutil.copytree(BASE, folder, dirs_exist_ok=True)
    for name, text in files.items():
        (folder / "rules").mkdir(exist_ok=True)
        (folder / "rules" / name).write_text(text)
    found = load_workspace(folder, today="2026-01-01").findings
    return [_moved(each) for each in found]


def _moved(finding: Finding) -> Finding:
    def here(file: str) -> str:
        return file.removeprefix("rules/")

    related = tuple(replace(each, span=replace(each.span, file=here(each.span.file))) for each in finding.related)
    return replace(finding, span=replace(finding.span, file=here(finding.span.file)), related=related)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_findings_are_exactly_where_the_markers_point(case: Case, tmp_path: Path) -> None:
    check(case, findings(tmp_path, case.texts()))


@pytest.mark.parametrize("case", [case for case in CASES if not case.good], ids=str)
def test_messages_read_well(case: Case, tmp_path: Path, golden: Callable[[Path, str], None]) -> None:
    texts = case.texts()
    base = {"schemas/base.yaml": (BASE / "schemas/base.yaml").read_text()}
    text = render_text.render(findings(tmp_path, texts), {**base, **texts})
    golden(HERE / f"{case.code}_{case.name}.txt", text)


def test_every_code_has_a_case() -> None:
    unmarked = {each.code for each in CODES} - {case.code for case in CASES}
    assert unmarked == {"G015", "D014"}  # limits: tests/unit/compiler
