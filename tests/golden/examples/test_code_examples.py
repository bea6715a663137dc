"""The examples on the page of each code: the bad one gives the code, the good one gives nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.diagnostics import Code, all_codes
from tests.golden.surrounded import findings_in


@pytest.mark.parametrize("code", [each for each in all_codes() if each.bad], ids=lambda each: each.code)
def test_bad_example_gives_its_code(code: Code, tmp_path: Path) -> None:
    assert code.code in {each.code for each in findings_in(code.bad, tmp_path)}


@pytest.mark.parametrize("code", [each for each in all_codes() if each.good], ids=lambda each: each.code)
def test_good_example_gives_nothing(code: Code, tmp_path: Path) -> None:
    found = findings_in(code.good, tmp_path)
    if code.code.startswith("Y"):  # which show a line or two, and no whole document
        found = [each for each in found if each.code.startswith("Y")]
    assert found == []
