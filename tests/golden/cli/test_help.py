"""The help of the program, of every group and of every command, word for word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.cli.app import COMMANDS, GROUPS, main

FOLDER = Path(__file__).parent / "help"
NAMES = sorted([*COMMANDS, *(f"{group} {part}" for group, parts in GROUPS.items() for part in parts)])


def help_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What is printed, and nothing but that."""
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


@pytest.fixture(autouse=True)
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")


def test_the_program_lists_its_commands(
    golden: Callable[[Path, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    golden(FOLDER / "decisor.txt", help_of(["--help"], capsys))


@pytest.mark.parametrize("name", NAMES)
def test_a_command_is_explained_shortly(
    name: str, golden: Callable[[Path, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    text = help_of([*name.split(), "--help"], capsys)
    golden(FOLDER / f"{name.replace(' ', '_')}.txt", text)
    assert len(text.splitlines()) <= 40
    assert max(map(len, text.splitlines())) <= 120


def test_every_golden_text_is_of_a_command() -> None:
    assert {path.stem.replace("_", " ") for path in FOLDER.iterdir()} == {"decisor", *NAMES}
