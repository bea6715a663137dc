"""`decisor fix`: applies the fixes that `check` offers."""

from __future__ import annotations

import argparse
from codecs import BOM_UTF8
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .command import CLEAN, Command
from .files import differences, write_whole
from .opening import add_workspace, open_workspace, workspace_root

if TYPE_CHECKING:
    from ..diagnostics import Finding, Fix

ROUNDS = 5  # a fix may make room for another one in the same place


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--diff", action="store_true", help="show what would change, and change nothing")
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    from ..language.edit import apply_fixes

    root = workspace_root(options.workspace)
    count = 0
    for _round in range(ROUNDS):
        opened = open_workspace(root)
        texts = {file: text for file in opened.sources() if (text := _text(root / file)) is not None}
        fixes = _fixes(opened.findings)
        fixes = [fix for fix in fixes if all(edit.span.file in texts for edit in fix.edits)]
        edited = apply_fixes(texts, fixes)
        if options.diff:
            print(differences(texts, edited.texts), end="")
            return CLEAN
        for name, text in edited.texts.items():
            write_whole(root / name, _with_mark(root / name, text))
        count += len(edited.applied)
        if not edited.left or not edited.applied:
            break
    print(f"{count} {'fix' if count == 1 else 'fixes'} applied")
    return CLEAN


def _fixes(findings: Sequence[Finding]) -> list[Fix]:
    """The fixes to apply: not those of warnings about what an error is about, which may want another value there."""
    wrong = {finding.span for finding in findings if finding.severity == "error"}
    kept = [each for each in findings if each.severity == "error" or each.span not in wrong]
    return [finding.fix for finding in kept if finding.fix is not None]


def _text(file: Path) -> str | None:
    """The file's text without byte order mark; None if it is not valid UTF-8, and so must not be rewritten."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None  # `check` reports what is wrong with it


def _with_mark(file: Path, text: str) -> bytes:
    """The text as bytes, after the byte order mark if the file has one."""
    return (BOM_UTF8 if file.read_bytes().startswith(BOM_UTF8) else b"") + text.encode()


COMMAND = Command(
    "Apply the fixes that `check` offers; comments and layout stay as they are.",
    "decisor fix --diff",
    _configure,
    _run,
)
