"""Golden files: expected output kept beside its input, rewritten by `pytest --update` and read in the review."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--update`."""
    parser.addoption("--update", action="store_true", help="rewrite golden files instead of comparing with them")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """A function that holds a text against a file, and with `--update` writes the file."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--update"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        assert path.is_file(), f"`{path}` does not exist; `pytest --update` writes it"
        assert text == path.read_bytes().decode(), f"`{path}` differs; `pytest --update` rewrites it"

    return compare
