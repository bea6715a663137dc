"""Segments over many profiles at once: one DuckDB query over a Parquet file.

The file has the columns of the SQL targets' table: one per declared field, and beside every text the list of its
tokens (`bio$tokens`). `write_profiles` makes such a file of canonical profiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..compiler.targets.placeholders import Hasher, Lists
from ..compiler.targets.sql import SqlQuery, compile_sql, create_table, insert, row
from ..ir.predicate import All, Predicate
from ..ir.types import Catalogue
from ..operators.core import Unsupported
from ..runtime.matcher import conjunction

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CHUNK = 2_000  # profiles in one insert
TABLE = "profiles"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many profiles are in each segment; `unsupported` are the reasons of those that SQL cannot say."""

    members: Mapping[str, int]
    unsupported: Mapping[str, str] = field(default_factory=dict)


def segment_sizes(
    path: Path | str,
    segments: Mapping[str, Predicate],
    catalogue: Catalogue,
    *,
    now_ms: int,
    hasher: Hasher | None = None,
    lists: Lists | None = None,
) -> Sizes:
    """The size of each segment among the profiles of a Parquet file.

    Raises `duckdb.Error` when the file cannot be read or lacks a column.
    """
    queries, unsupported = _queries(segments, catalogue)
    if not queries:
        return Sizes({}, unsupported)
    parameters: dict[str, Any] = {"path": str(path)}
    for query in queries.values():
        parameters |= query.bind(now_ms, hasher, lists)
    counts = ", ".join(f"count_if({_condition(query)})" for query in queries.values())
    with _database().cursor() as connection:
        found = connection.execute(f"SELECT {counts} FROM read_parquet($path) AS {TABLE}", parameters).fetchone()  # noqa: S608 - conditions of ours, values bound
    return Sizes(dict(zip(queries, found or (), strict=True)), unsupported)


def segment_members(
    path: Path | str,
    predicate: Predicate,
    catalogue: Catalogue,
    *,
    now_ms: int,
    hasher: Hasher | None = None,
    lists: Lists | None = None,
) -> Iterator[str] | Unsupported:
    """The keys of the profiles of a Parquet file for which the predicate holds, in no order, or why SQL cannot say."""
    query = compile_sql(predicate, catalogue, "duckdb")
    if isinstance(query, Unsupported):
        return query
    text = query.text.replace(f'FROM "{TABLE}"', f"FROM read_parquet($path) AS {TABLE}", 1)
    return _keys(text, {"path": str(path), **query.bind(now_ms, hasher, lists)})


def _keys(text: str, parameters: Mapping[str, Any]) -> Iterator[str]:
    with _database().cursor() as connection:
        answer = connection.execute(text, dict(parameters))
        while rows := answer.fetchmany(CHUNK):
            for (key,) in rows:
                yield key


def write_profiles(path: Path | str, profiles: Iterable[Mapping[str, Any]], catalogue: Catalogue) -> int:
    """Write canonical profiles to a Parquet file and return how many there were."""
    import duckdb

    count = 0
    source = iter(profiles)
    statement = insert(catalogue, "duckdb")
    with duckdb.connect() as connection:
        connection.execute(create_table(catalogue, "duckdb"))
        while chunk := list(islice(source, CHUNK)):
            rows = [row(profile, catalogue, "duckdb") for profile in chunk]
            connection.execute(statement, {"rows": dumps(rows, ensure_ascii=False)})
            count += len(rows)
        connection.execute(f"COPY {TABLE} TO {_quoted(str(path))} (FORMAT parquet)")
    return count


@cache
def _database() -> DuckDBPyConnection:
    """An empty database for queries over files; opening one costs as much as reading a small file."""
    import duckdb

    return duckdb.connect()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _queries(segments: Mapping[str, Predicate], catalogue: Catalogue) -> tuple[dict[str, SqlQuery], dict[str, str]]:
    """The query of each segment, conditions that rule out most profiles first, and what is unsupported and why."""
    queries: dict[str, SqlQuery] = {}
    unsupported: dict[str, str] = {}
    for number, (name, predicate) in enumerate(segments.items()):
        ordered = All(tuple(conjunction(predicate.items))) if isinstance(predicate, All) else predicate
        query = compile_sql(ordered, catalogue, "duckdb", f"s{number}_")
        if isinstance(query, Unsupported):
            unsupported[name] = query.reason
        else:
            queries[name] = query
    return queries, unsupported


def _condition(query: SqlQuery) -> str:
    """The condition without the test for null, which `count_if` makes itself."""
    return query.where.removesuffix(" IS TRUE")
