"""Every command of the tutorial is run on real servers, and prints what the page shows."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from engine.storage.embedded.workspace import stop
from tests.doc_pages import DOCS, blocks, run_script


def test_the_tutorial_prints_what_it_shows(served_folder: Path, pytestconfig: pytest.Config) -> None:
    (served_folder / "decisor.yaml").unlink()
    page = DOCS / "tutorial.md"
    shown = page.read_text("utf-8")
    try:
        printed = run_script(shown, served_folder)
    finally:
        for _ in stop(served_folder / "shop"):
            pass
    if pytestconfig.getoption("--update"):
        page.write_text(printed, "utf-8")
    else:
        assert printed.splitlines() == shown.splitlines()


def test_every_block_of_the_tutorial_is_run_or_compared() -> None:
    found = [block.info for block in blocks((DOCS / "tutorial.md").read_text("utf-8"))]
    assert set(found) == {"sh", "text"}
    assert all(before == "sh" for before, info in pairwise(found) if info == "text")
