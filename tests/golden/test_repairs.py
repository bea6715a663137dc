"""Every repair that a finding offers removes the finding, and brings no new error.

What is looked at only once the repair is made may well be wrong in another place: that is not brought by the repair.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.diagnostics import Finding, Fix
from engine.language.edit import apply_edits
from tests.golden.surrounded import findings_in

FOLDER = Path(__file__).parent / "findings"
NOT_UTF_8 = "Y050"
TWICE = {"S018", "S021", "Y020"}
FILES = sorted(
    each for each in FOLDER.glob("*/*.yaml") if not each.name.startswith("good_") and each.parent.name != NOT_UTF_8
)


def brought(before: list[Finding], after: list[Finding], fix: Fix) -> list[Finding]:
    """The errors that were not there before, at the place of the repair or because of what it repeats."""
    places = {(edit.span.line, edit.span.column) for edit in fix.edits}
    known = {(each.code, each.message) for each in before}
    new = [each for each in after if each.severity == "error" and (each.code, each.message) not in known]
    return [each for each in new if (each.span.line, each.span.column) in places or each.code in TWICE]


@pytest.mark.parametrize("file", FILES, ids=[f"{each.parent.name}/{each.stem}" for each in FILES])
def test_a_repair_removes_its_finding_and_brings_no_error(file: Path, tmp_path: Path) -> None:
    text = file.read_text("utf-8")
    before = findings_in(text, tmp_path)
    for finding in before:
        if finding.fix is None or any(edit.span.file != finding.span.file for edit in finding.fix.edits):
            continue
        after = findings_in(apply_edits(text, finding.fix.edits), tmp_path)
        told = (finding.code, finding.message, finding.span.line, finding.span.column)
        assert told not in {(each.code, each.message, each.span.line, each.span.column) for each in after}
        new = brought(before, after, finding.fix)
        if finding.code == "S004":  # what is not a name cannot be looked up, so the name may well be unknown
            new = [each for each in new if not each.code.startswith("L")]
        assert new == []
