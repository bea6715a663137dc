"""What a hostile file can cost: a finding, quickly."""

from __future__ import annotations

import pytest

from engine.diagnostics import Sink
from engine.language.files import MOST_BYTES
from engine.language.yaml.reader import DEEPEST, MOST_CHARACTERS, MOST_DOCUMENTS, MOST_VALUES, read_documents
from tests.effort import within

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 12)
)
LADDER = "a0: &a0 [x]\n" + "".join(f"a{level}: &a{level} [*a{level - 1}]\n" for level in range(1, 200))

QUICK = {
    "brackets": ("[" * 30_000, "Y040"),
    "braces": ("{" * 30_000, "Y040"),
    "mixed": ("[{" * 30_000, "Y040"),
    "dashes": ("- " * 30_000, "Y040"),
    "questions": ("? " * 30_000, "Y040"),
    "colons": ("a: " * 30_000, "Y070"),
    "lines": ("".join(f"{' ' * level}a:\n" for level in range(300)), "Y040"),
    "bomb": (BOMB, "Y042"),
    "ladder": (LADDER, "Y040"),
    "cycle": ("a: &a {b: *a}", "Y030"),
    "digits": ("a: " + "9" * 5_000, "Y012"),
    "exponent": ("a: 1e" + "9" * 5_000, "Y013"),
    "anchors": ("&a " * 30_000, "Y070"),
    "tags": ("!a " * 30_000, "Y070"),
    "directives": ("%A\n" * 30_000, "Y034"),
    "tabs": ("\t" * 30_000, "Y053"),
    "quotes": ('"' * 30_001, "Y070"),
    "backslashes": ('"' + "\\" * 30_000, "Y072"),
    "documents": ("---\n" * 30_000, "Y042"),
    "nul": ("\0" * 30_000, "Y052"),
    "turning": ("\u202e" * 30_000, "Y054"),
    "long_text": ("a: " + "x" * (MOST_CHARACTERS + 1), "Y043"),
    "long_key": ("x" * (MOST_CHARACTERS + 1) + ": a", "Y043"),
    "long_block": ("a: |\n" + " x\n" * MOST_CHARACTERS, "Y043"),
    "much_text": ("- &a " + "x" * 60_000 + "\n" + "- *a\n" * 1_000, "Y042"),
}
LARGE = {
    "too_large": ("x" * (MOST_BYTES + 1), "Y041"),
    "values": ("[" + "1," * (MOST_VALUES + 1) + "]", "Y042"),
    "nested": ("[" + "[1,1]," * (MOST_VALUES // 3 + 1) + "]", "Y042"),
    "keys": ("{" + ",".join(f"k{index:x}" for index in range(MOST_VALUES + 1)) + "}", "Y042"),
    "lists": ("[" + "[]," * (MOST_VALUES + 1) + "]", "Y042"),
    "equal_keys": ("a: 1\n" * 400_000, "Y020"),
    "warnings": ("- NO\n" * 190_000, "Y010"),
    "comments": ("#" * (MOST_BYTES - 10) + "\n[", "Y073"),
    "blank_lines": ("\n" * (MOST_BYTES - 10) + "[", "Y073"),
}


def codes(data: bytes) -> set[str]:
    sink = Sink()
    read_documents(data, "x.yaml", sink)
    return {each.code for each in sink.findings()}


@pytest.mark.parametrize("text, code", QUICK.values(), ids=QUICK)
def test_hostile_file_gives_its_finding_at_once(text: str, code: str) -> None:
    data = text.encode()
    assert code in within(50, lambda: codes(data))


@pytest.mark.parametrize("text, code", LARGE.values(), ids=LARGE)
def test_large_file_gives_its_finding_soon(text: str, code: str) -> None:
    data = text.encode()
    assert code in within(500, lambda: codes(data))


@pytest.mark.parametrize(
    "text",
    [
        "[" * DEEPEST + "]" * DEEPEST,
        "a: " + "x" * MOST_CHARACTERS,
        "---\na\n" * MOST_DOCUMENTS,
        "[" + "1," * MOST_VALUES + "]",
    ],
    ids=["depth", "text", "documents", "values"],
)
def test_what_is_just_within_the_bounds_gives_nothing(text: str) -> None:
    assert codes(text.encode()) == set()


def test_findings_of_one_file_are_bounded() -> None:
    sink = Sink()
    read_documents(("- NO\n" * 5_000).encode(), "x.yaml", sink)
    assert len(sink.findings()) < 300
    assert sink.warnings == 5_000
