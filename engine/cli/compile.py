"""`decisor compile`: prints the query of one segment."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from ..ir.printable import printable
from .command import CLEAN, CannotRunError, Command
from .facts import name_among
from .opening import add_now, add_workspace, instant_of, open_workspace, sound_program, workspace_root

if TYPE_CHECKING:
    from ..ir.program import Program

TARGETS = ("elasticsearch", "sql:duckdb", "sql:postgres", "english")


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the segment")
    parser.add_argument("--target", choices=TARGETS, default="elasticsearch", help="default: elasticsearch")
    add_now(parser)
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    from ..compiler import queries

    program = sound_program(open_workspace(workspace_root(options.workspace)))
    name = name_among(program.segments, "segment", options.name)
    now_ms = None if options.now is None else instant_of(options.now)
    if options.target == "english":
        print(queries.english(program, name))
    elif options.target == "elasticsearch":
        print(json.dumps(queries.elasticsearch_query(program, name, now_ms), indent=2, ensure_ascii=False))
    else:
        print(_sql(program, name, options.target, now_ms))
    return CLEAN


def _sql(program: Program, name: str, target: str, now_ms: int | None) -> str:
    """The statement, followed by its named parameters as comments; values are never pasted into the statement."""
    from ..compiler.queries import sql_query
    from ..operators.core import Unsupported

    found = sql_query(program, name, "duckdb" if target == "sql:duckdb" else "postgres", now_ms)
    if isinstance(found, Unsupported):
        raise CannotRunError(f"`{name}` cannot be compiled for {target}: {found.reason}")
    statement, parameters = found
    shown = [
        printable(f"-- {each} = {json.dumps(value, ensure_ascii=False, default=str)}")
        for each, value in parameters.items()
    ]
    return "\n".join([f"{statement};", *shown])


COMMAND = Command(
    "Print the query of a segment; values that depend on the clock stay placeholders unless --now is given.",
    "decisor compile vips --target sql:duckdb --now 2026-03-01T09:30:00Z",
    _configure,
    _run,
)
