"""`decisor fix`: the repairs that `check` offers, applied."""

from __future__ import annotations

import argparse

from .command import CLEAN, Command
from .files import differences, write_whole
from .opening import add_workspace, open_workspace, workspace_root

ROUNDS = 5  # a fix may make room for another one in the same place


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--diff", action="store_true", help="show what would change and change nothing")
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    from ..language.edit import apply_fixes

    root = workspace_root(options.workspace)
    count = 0
    for _round in range(ROUNDS):
        opened = open_workspace(root)
        fixes = [finding.fix for finding in opened.findings if finding.fix is not None]
        sources = opened.sources()
        edited = apply_fixes(sources, fixes)
        if options.diff:
            print(differences(sources, edited.texts), end="")
            return CLEAN
        for name, text in edited.texts.items():
            write_whole(root / name, text.encode())
        count += len(edited.applied)
        if not edited.left or not edited.applied:
            break
    print(f"{count} {'fix' if count == 1 else 'fixes'} applied")
    return CLEAN


COMMAND = Command(
    "Apply the fixes that `check` offers; comments and layout stay as they are.",
    "decisor fix --diff",
    _configure,
    _run,
)
