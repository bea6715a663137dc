"""The query of one segment of a program, for each target, with or without a clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ..ir.program import Program
from ..operators.core import Dialect, Unsupported
from .targets.elasticsearch import Exact, compile_query
from .targets.english import to_english
from .targets.placeholders import Hasher, bind, hash_placeholder
from .targets.sql import SqlQuery, compile_sql

_KEPT = cast(
    "Hasher", hash_placeholder
)  # constants of encrypted fields stay placeholders: the process that runs the query has the keys


def elasticsearch_query(program: Program, segment: str, now_ms: int | None = None) -> dict[str, Any]:
    """`{"query": …}`, as the search API takes it; without `now_ms` instants stay placeholders.

    Where the index cannot tell exactly, `query` surely contains the segment, `candidates` is true, and `surely_within`
    is a query that lies within it. Raises KeyError for an unknown segment.
    """
    compiled = compile_query(program.segments[segment], program.catalogue, program.lists)
    if isinstance(compiled, Exact):
        found: dict[str, Any] = {"query": compiled.query}
    else:
        found = {"query": compiled.surely_contains, "candidates": True, "surely_within": compiled.surely_within}
    return found if now_ms is None else cast("dict[str, Any]", bind(found, now_ms, _KEPT))


def sql_query(
    program: Program, segment: str, dialect: Dialect, now_ms: int | None = None
) -> tuple[str, Mapping[str, Any]] | Unsupported:
    """The statement and its named parameters, or why there is none. Raises KeyError for an unknown segment."""
    compiled = compile_sql(program.segments[segment], program.catalogue, dialect)
    if not isinstance(compiled, SqlQuery):
        return compiled
    return compiled.text, compiled.parameters if now_ms is None else compiled.bind(now_ms, _KEPT, program.lists)


def english(program: Program, segment: str) -> str:
    """What the segment says, in words. Raises KeyError for an unknown one."""
    return to_english(program.segments[segment])
