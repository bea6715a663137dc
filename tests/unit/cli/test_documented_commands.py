"""Every command that a block of the README or of the documentation shows exists, with the options it is given."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.doc_pages import DOCS, ROOT, blocks

HELP = {path.stem: path.read_text("utf-8") for path in (ROOT / "tests/golden/cli/help").iterdir()}
PAGES = [ROOT / "README.md", *sorted(page for page in DOCS.rglob("*.md") if page.name != "codes.md")]
COMMAND = re.compile(r"(?:^|&& |\$ )\s*decisor ([a-z][^\n#|&]*)", re.MULTILINE)


def _commands(page: Path) -> list[str]:
    runnable = {"", "sh", "console"}
    texts = [block.text for block in blocks(page.read_text("utf-8")) if block.info in runnable]
    return [found.strip() for text in texts for found in COMMAND.findall(text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_of_a_page_exists_with_its_options(page: Path) -> None:
    for command in _commands(page):
        words = command.split()
        name = next((each for each in ("_".join(words[:2]), words[0]) if each in HELP), None)
        assert name, command
        for option in re.findall(r"(?<!\S)--[a-z-]+", command):
            assert option in HELP[name], command


def test_the_pages_show_commands() -> None:
    assert len([command for page in PAGES for command in _commands(page)]) > 50
