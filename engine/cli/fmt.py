"""`decisor fmt`: files in their canonical layout."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .command import CLEAN, FINDINGS, CannotRunError, Command
from .files import differences, write_whole
from .opening import add_workspace, workspace_root


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="*", type=Path, help="files (default: all of the workspace)")
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a file would change")
    parser.add_argument("--diff", action="store_true", help="change nothing; show what would change")
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    from ..language.format import format_text

    root = workspace_root(options.workspace)
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for name, raw in _texts(root, options.path):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            continue  # `check` says where
        formatted = format_text(text, name)
        if formatted != text:
            before[name], after[name] = text, formatted
    if options.diff:
        print(differences(before, after), end="")
    for name in sorted(after):
        if not (options.check or options.diff):
            write_whole(root / name, after[name].encode())
        print(f"{'would change' if options.check or options.diff else 'formatted'}: {name}", file=sys.stderr)
    return FINDINGS if after and (options.check or options.diff) else CLEAN


def _texts(root: Path, paths: list[Path]) -> list[tuple[str, bytes]]:
    """Name inside the workspace and content of each file."""
    from ..diagnostics import Sink
    from ..language.files import find_files

    wanted = {path.resolve() for path in paths}
    for path in wanted:
        if not path.exists():
            raise CannotRunError(f"`{path}` does not exist")
    found = []
    for source in find_files(root, Sink()):
        file = (root / source.path).resolve()
        if not wanted or any(file == each or each in file.parents for each in wanted):
            found.append((source.path, source.data))
    return found


COMMAND = Command(
    "Bring files into the canonical layout; comments stay, values never change.",
    "decisor fmt --check",
    _configure,
    _run,
)
