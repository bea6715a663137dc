"""`decisor fmt`: formats files in the canonical layout."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .command import CLEAN, FINDINGS, CannotRunError, Command
from .files import differences, write_whole
from .opening import add_workspace, workspace_root
from .report import way_into


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="*", type=Path, help="files or folders of the workspace (default: all)")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a file would change")
    parser.add_argument("--diff", action="store_true", help="change nothing; show what would change")
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    from ..language.format import format_text

    root = workspace_root(options.workspace)
    keep = options.check or options.diff
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for name, raw in _files(root, options.path):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            continue  # `check` reports the position
        formatted = format_text(text, name)
        if formatted != text:
            before[name], after[name] = text, formatted
    if options.diff:
        print(differences(before, after), end="")
    for name in sorted(after):
        if not keep:
            write_whole(root / name, after[name].encode())
        print(f"{'would change' if keep else 'formatted'}: {way_into(root)}{name}", file=sys.stderr)
    return FINDINGS if after and keep else CLEAN


def _files(root: Path, paths: list[Path]) -> list[tuple[str, bytes]]:
    """The name in the workspace and the content of each file at these paths, or of all files. Raises CannotRunError."""
    from ..diagnostics import Sink
    from ..language.files import find_files

    sources = [(source, (root / source.path).resolve()) for source in find_files(root, Sink())]
    for path in paths:
        wanted = path.resolve()
        if not any(_lies_in(file, wanted) for _, file in sources):
            what = "is not a document file of this workspace" if path.exists() else "does not exist"
            raise CannotRunError(f"`{path}` {what}")
    everywhere = [path.resolve() for path in paths] or [root.resolve()]
    chosen = [source for source, file in sources if any(_lies_in(file, each) for each in everywhere)]
    return [(source.path, data) for source in chosen if (data := source.read(Sink())) is not None]


def _lies_in(file: Path, wanted: Path) -> bool:
    return file == wanted or wanted in file.parents


COMMAND = Command(
    "Bring files into the canonical layout; comments stay, values never change.",
    "decisor fmt --check",
    _configure,
    _run,
)
