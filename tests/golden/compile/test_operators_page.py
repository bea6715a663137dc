from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tools.operators_page import PAGE, page


def test_page_of_operators_is_up_to_date(golden: Callable[[Path, str], None]) -> None:
    golden(PAGE, page())
