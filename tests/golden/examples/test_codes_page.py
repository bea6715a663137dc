from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.diagnostics import all_codes
from tools.codes_page import FAMILIES, PAGE, page


def test_page_of_codes_is_up_to_date(golden: Callable[[Path, str], None]) -> None:
    golden(PAGE, page())


def test_every_code_is_on_the_page() -> None:
    assert {code.code[0] for code in all_codes()} <= FAMILIES.keys()
    assert page().count("\n### ") == len(all_codes())
