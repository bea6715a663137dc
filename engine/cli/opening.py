"""What most commands begin with: finding, reading and compiling the workspace, and printing its errors."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .command import CannotRunError
from .finding import WORKSPACE_FILE, nearest_workspace

if TYPE_CHECKING:
    from ..diagnostics import Finding
    from ..ir.program import Program
    from ..language.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Opened:
    """A workspace, its program and its findings; `program` is None without a catalogue to compile against."""

    root: Path
    workspace: Workspace
    program: Program | None
    findings: Sequence[Finding]
    errors: int
    warnings: int

    def sources(self) -> Mapping[str, str]:
        """The text of every file that a finding points into."""
        return _texts(self.root, {finding.span.file for finding in self.findings})


def add_workspace(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the workspace."""
    parser.add_argument(
        "-C", "--workspace", type=Path, metavar="DIR", help="the workspace's folder (default: found from here upwards)"
    )


def add_now(parser: argparse.ArgumentParser) -> None:
    """Add the option that sets the clock."""
    parser.add_argument("--now", metavar="INSTANT", help="the instant to evaluate at, such as 2026-03-01T09:30:00Z")


def instant_of(text: str | None) -> int:
    """The instant of `--now`, or of the clock, in milliseconds."""
    from ..ir.instant import InstantError, parse_instant

    if text is None:
        return time.time_ns() // 1_000_000
    try:
        return parse_instant(text)
    except InstantError as problem:
        raise CannotRunError(f"--now: expected {problem}") from None


def workspace_root(given: Path | None) -> Path:
    """The workspace's folder: the one given, or the nearest from here upwards. Raises CannotRunError."""
    if given is not None:
        if not (given / WORKSPACE_FILE).is_file():
            raise CannotRunError(
                f"`{given}` is not a workspace: it has no {WORKSPACE_FILE}; `decisor init` creates one"
            )
        return given
    found = nearest_workspace(Path.cwd())
    if found is None:
        raise CannotRunError(f"there is no {WORKSPACE_FILE} here or above; `decisor init` creates a workspace")
    return found


def open_workspace(root: Path) -> Opened:
    """The workspace, compiled, with all its findings after suppressions."""
    from ..api import load_workspace

    loaded = load_workspace(root)
    return Opened(root, loaded.documents, loaded.compiled, loaded.findings, loaded.errors, loaded.warnings)


def sound_program(opened: Opened) -> Program:
    """The program of a workspace without errors; otherwise print the errors and end the command with 1."""
    if opened.errors or opened.program is None:
        from .report import render

        errors = [finding for finding in opened.findings if finding.severity == "error"]
        print(render("text", errors, opened.sources(), opened.root), file=sys.stderr)
        raise UnsoundError
    return opened.program


class UnsoundError(Exception):
    """The workspace has errors, which have been printed."""


def _texts(root: Path, files: set[str]) -> dict[str, str]:
    """The text of each file inside the workspace, with its line breaks; invalid UTF-8 becomes U+FFFD."""
    from ..language.files import SourceFile, is_private

    texts: dict[str, str] = {}
    real_root = root.resolve()
    for file in files:
        path = root / file
        try:
            real = Path(os.path.realpath(path))
            inside = real.is_relative_to(real_root) and not is_private(str(real.relative_to(real_root)))
            if inside and path.is_file():
                texts[file] = SourceFile(file, path).data.decode("utf-8-sig", errors="replace")
        except OSError:
            continue  # the finding says that the file cannot be read
    return texts
