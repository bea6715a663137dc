"""`decisor new`: a document that passes the check, with its test."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from .command import CLEAN, CannotRunError, Command
from .init import write_new
from .opening import add_workspace, workspace_root
from .report import reason
from .scaffold import DOCUMENTS


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=sorted(DOCUMENTS), help="what to add")
    parser.add_argument("name", help="small letters, digits and _")
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    root = workspace_root(options.workspace)
    name: str = options.name
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
        raise CannotRunError(f"`{name}`: expected a small letter, then small letters, digits and _, 63 at most")
    folder, document, test = DOCUMENTS[options.kind]
    files = {root / folder / f"{name}.yaml": document, root / folder / f"{name}.test.yaml": test}
    try:
        for file, text in files.items():
            if text:
                write_new(file, text.format(name=name))
                print(_shown(file))
    except FileExistsError as problem:
        raise CannotRunError(f"`{problem.filename}` exists and is never overwritten") from None
    except OSError as problem:
        raise CannotRunError(f"`{problem.filename}` cannot be written: {reason(problem)}") from None
    return CLEAN


def _shown(file: Path) -> str:
    here = Path.cwd()
    return file.relative_to(here).as_posix() if file.is_relative_to(here) else str(file)


COMMAND = Command(
    "Add a document from a template that passes the check, with its test.",
    "decisor new segment high_spenders",
    _configure,
    _run,
)
