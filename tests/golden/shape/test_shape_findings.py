"""The shape of documents: every code with a case whose markers it hits, and the text that its example gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.diagnostics import Code, Finding, Sink, all_codes, render_text
from engine.language.decode import decode
from engine.language.workspace import apply_suppressions, load_workspace
from engine.language.yaml.reader import read_documents
from tests.golden.harness import FOLDER, Case, cases, check

TODAY = "2026-01-01"
CASES = cases("SH")
CODES = [each for each in all_codes() if each.code.startswith("S") or each.code in {"H002", "H003", "H004", "H005"}]


def findings(case: Case) -> list[Finding]:
    """What is found in a case; a folder is a workspace."""
    folder = FOLDER / case.code / case.name
    if folder.is_dir():
        return workspace_findings(folder)
    sink = Sink()
    for file, data in case.files.items():
        for document in read_documents(data, file, sink):
            decode(document, sink)
    return sink.findings()


def workspace_findings(folder: Path) -> list[Finding]:
    """What is found in a workspace on the day that the cases are about."""
    sink = Sink()
    workspace = load_workspace(folder, sink)
    return apply_suppressions(sink.findings(), workspace, TODAY)


def example_findings(text: str, folder: Path) -> list[Finding]:
    """What is found in a workspace that has an example beside what every workspace has."""
    for name in ("schemas", "segments"):
        (folder / name).mkdir()
    (folder / "decisor.yaml").write_text("name: shop\n")
    (folder / "schemas/profile.yaml").write_text(
        "{apiVersion: v1, kind: Profile, name: c, key: customer_id, fields: {}}\n"
    )
    (folder / "segments/example.yaml").write_text(text)
    return workspace_findings(folder)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_findings_are_exactly_where_the_markers_point(case: Case) -> None:
    check(case, findings(case))


def test_every_code_has_a_case_but_the_one_of_the_missing_file() -> None:
    assert {each.code for each in CODES} - {case.code for case in CASES} == {"S020"}


def test_workspace_without_its_file_is_found(tmp_path: Path) -> None:
    found = workspace_findings(tmp_path)
    assert [(each.code, each.span.file) for each in found] == [("S020", "decisor.yaml"), ("S022", "decisor.yaml")]


@pytest.mark.parametrize("case", [case for case in CASES if case.code.startswith("S")], ids=str)
def test_messages_read_well(case: Case, golden: Callable[[Path, str], None]) -> None:
    text = render_text.render(findings(case), case.texts())
    golden(Path(__file__).parent / f"{case.code}_{case.name}.txt", text)


@pytest.mark.parametrize("code", [each for each in CODES if each.bad], ids=lambda each: each.code)
def test_bad_example_gives_its_code(code: Code, tmp_path: Path) -> None:
    assert code.code in {each.code for each in example_findings(code.bad, tmp_path)}


@pytest.mark.parametrize("code", [each for each in CODES if each.bad], ids=lambda each: each.code)
def test_good_example_gives_nothing(code: Code, tmp_path: Path) -> None:
    assert example_findings(code.good, tmp_path) == []
