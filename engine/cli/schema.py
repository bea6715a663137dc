"""`decisor schema`: writes the JSON Schemas that editors use for completion and checks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .command import CLEAN, FINDINGS, CannotRunError, Command, reason
from .files import check_output
from .opening import add_workspace, workspace_root


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a schema is out of date")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="where to write (default: the workspace's schemas/)"
    )
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    from ..language.jsonschema import check_schemas, write_schemas

    folder: Path = options.output or workspace_root(options.workspace) / "schemas"
    if options.check:
        stale = check_schemas(folder)
        for name in stale:
            print(f"`{folder / name}` is out of date; `decisor schema` writes it", file=sys.stderr)
        return FINDINGS if stale else CLEAN
    check_output(folder, folder.parent)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_schemas(folder)
    except OSError as problem:
        raise CannotRunError(f"`{folder}` cannot be written: {reason(problem)}") from None
    return CLEAN


COMMAND = Command(
    "Write the JSON Schemas of all kinds of documents, for completion and hover in editors.",
    "decisor schema --check",
    _configure,
    _run,
)
