"""The codes of dead letters: the page on operations lists them as the engine has them."""

from __future__ import annotations

import re
from pathlib import Path

from engine.profiles.letter_codes import EVENT_CODES, LETTER_CODES

PAGE = Path(__file__).parents[3] / "docs" / "operations.md"


def test_the_page_lists_every_code_with_its_meaning() -> None:
    table = PAGE.read_text("utf-8").partition("Each letter has a code:")[2].partition("\n\nIds,")[0]
    assert dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)) == dict(LETTER_CODES)


def test_only_events_can_be_replayed_and_discarded() -> None:
    assert LETTER_CODES.keys() - set(EVENT_CODES) == {"refused"}
