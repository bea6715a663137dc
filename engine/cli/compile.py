"""`decisor compile`: the query of one segment."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from .command import CLEAN, CannotRunError, Command
from .facts import name_among
from .opening import add_now, add_workspace, instant_of, open_workspace, sound_program, workspace_root

if TYPE_CHECKING:
    from ..ir.program import Program
    from ..operators.core import Dialect

TARGETS = ("elasticsearch", "sql:duckdb", "sql:postgres", "english")


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the segment")
    parser.add_argument("--target", choices=TARGETS, default="elasticsearch", help="default: elasticsearch")
    add_now(parser)
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    program = sound_program(open_workspace(workspace_root(options.workspace)))
    name = name_among(program.segments, "segment", options.name)
    now_ms = None if options.now is None else instant_of(options.now)
    if options.target == "english":
        from ..compiler.targets.english import to_english

        print(to_english(program.segments[name]))
    elif options.target == "elasticsearch":
        print(json.dumps(_elasticsearch(program, name, now_ms), indent=2, ensure_ascii=False))
    else:
        dialect: Dialect = "duckdb" if options.target == "sql:duckdb" else "postgres"
        print(_sql(program, name, dialect, now_ms))
    return CLEAN


def _elasticsearch(program: Program, name: str, now_ms: int | None) -> dict[str, Any]:
    from ..compiler.targets.elasticsearch import Exact, bind, compile_query

    compiled = compile_query(program.segments[name], program.catalogue, program.lists)
    found: dict[str, Any]
    if isinstance(compiled, Exact):
        found = {"query": compiled.query}
    else:
        found = {"query": compiled.surely_contains, "candidates": True, "surely_within": compiled.surely_within}
    bound: dict[str, Any] = found if now_ms is None else bind(found, now_ms)
    return bound


def _sql(program: Program, name: str, dialect: Dialect, now_ms: int | None) -> str:
    """The statement, and its parameters as comments: named ones, never pasted into the text."""
    from ..compiler.targets.sql import SqlQuery, compile_sql

    compiled = compile_sql(program.segments[name], program.catalogue, dialect)
    if not isinstance(compiled, SqlQuery):
        raise CannotRunError(f"`{name}` cannot be written for sql:{dialect}: {compiled.reason}")
    parameters = compiled.parameters if now_ms is None else compiled.bind(now_ms, None, program.lists)
    shown = [f"-- {each} = {json.dumps(value, ensure_ascii=False, default=str)}" for each, value in parameters.items()]
    return "\n".join([f"{compiled.text};", *shown])


COMMAND = Command(
    "Print the query of a segment; what depends on the clock stays a placeholder unless --now is given.",
    "decisor compile vips --target sql:duckdb --now 2026-03-01T09:30:00Z",
    _configure,
    _run,
)
