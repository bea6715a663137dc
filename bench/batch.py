"""100,000 profiles × 100 segments, from a Parquet file to counts: decisor, and DuckDB and Polars as one writes them.

The file is a table as DuckDB writes it, which suits DuckDB best: one typed column per field, text as text. Once all
three use all cores, once one thread each, in a process of its own because Polars asks for that.
"""

from __future__ import annotations

import argparse
import json
import operator
import os
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa

from engine.batch import match_parquet
from engine.ir.program import Program
from engine.ir.types import Catalogue, Field

from . import segments_ir
from .timing import Goal, Result, Work, show, timed
from .workload import NOW_MS, TYPES, Condition, matching, profiles, segments

PROFILES, SEGMENTS, ROUNDS = 100_000, 100, 9
CATALOGUE = Catalogue(
    "customer",
    "customer_id",
    tuple(Field(name, kind, many=name == "tags") for name, kind in TYPES.items() if name != "customer_id"),  # type: ignore[arg-type] # TYPES holds field types
)
FILE, COUNTS = "profiles.parquet", "counts.json"


def run() -> bool:
    """Print the tables; whether every goal is reached."""
    print(f"writing {PROFILES:,} profiles to Parquet …", file=sys.stderr)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / FILE)
        (folder / COUNTS).write_text(json.dumps(_expected()), encoding="utf-8")
        command = [sys.executable, "-m", "bench.batch", "--threads", "1", "--folder", name]
        reached = _measured(folder, None)
        return not subprocess.call(command, env={**os.environ, "POLARS_MAX_THREADS": "1"}) and reached


def _write(file: Path) -> None:
    table = pa.Table.from_pylist(profiles(PROFILES))
    instants = ", ".join(f"CAST({name} AS TIMESTAMP) AS {name}" for name, kind in TYPES.items() if kind == "date")
    with duckdb.connect() as connection:
        connection.register("made", table)
        connection.execute(f"CREATE TABLE profiles AS SELECT * REPLACE ({instants}) FROM made")
        connection.execute(f"COPY profiles TO '{file}' (FORMAT parquet)")


def _expected() -> dict[str, int]:
    """The size of each segment, as the oracle says."""
    wanted = segments(SEGMENTS)
    sizes = dict.fromkeys((segment.name for segment in wanted), 0)
    for subject in profiles(PROFILES):
        for name in matching(wanted, subject):
            sizes[name] += 1
    return sizes


def _measured(folder: Path, threads: int | None) -> bool:
    file, expected = folder / FILE, json.loads((folder / COUNTS).read_text(encoding="utf-8"))
    program = Program("bench", "UTC", CATALOGUE, segments=dict(segments_ir.named(segments(SEGMENTS))))
    connection = duckdb.connect(config={} if threads is None else {"threads": threads})
    statement = _duckdb_statement(file)
    counts = list(expected.values())
    assert match_parquet(program, file, now_ms=NOW_MS, threads=threads).counts == expected
    assert list(connection.execute(statement).fetchall()[0]) == counts
    assert list(_polars_plan(file).collect().row(0)) == counts
    ways: dict[str, Work] = {
        "ours": lambda: match_parquet(program, file, now_ms=NOW_MS, threads=threads),
        "DuckDB": lambda: connection.execute(statement).fetchall(),
        "Polars": lambda: _polars_plan(file).collect(),
    }
    goals = [Goal(1 / 1.5, "DuckDB"), Goal(1 / 1.5, "Polars")]
    cores = f"all {os.cpu_count()} cores" if threads is None else "one thread"
    return show(
        f"{PROFILES:,} profiles × {SEGMENTS} segments from Parquet ({sum(counts):,} memberships), {cores}",
        [Result("counts", timed(ways, units=1, rounds=ROUNDS), goals)],
        unit="ms",
    )


def _duckdb_statement(path: Path) -> str:
    conditions = [" AND ".join(map(_sql, segment.conditions)) for segment in segments(SEGMENTS)]
    counts = ", ".join(f"count_if({condition})" for condition in conditions)
    return f"SELECT {counts} FROM read_parquet('{path}')"


def _sql(condition: Condition) -> str:
    field, value = condition.field, condition.value
    if condition.operator == "in":
        return f"{field} IN ({', '.join(map(_literal, value))})"
    if condition.operator == "contains":
        return f"{'list_contains' if field == 'tags' else 'contains'}({field}, {_literal(value)})"
    sign = {"equals": "=", "greater_than": ">", "less_than": "<"}[condition.operator]
    return f"{field} {sign} {f'TIMESTAMP {_literal(value[:23])}' if TYPES[field] == 'date' else _literal(value)}"


def _literal(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else repr(value)


def _polars_plan(path: Path) -> pl.LazyFrame:
    counts = [
        pl.all_horizontal([_polars(condition) for condition in segment.conditions]).sum().alias(segment.name)
        for segment in segments(SEGMENTS)
    ]
    return pl.scan_parquet(path).select(counts)


def _polars(condition: Condition) -> pl.Expr:
    column, value = pl.col(condition.field), condition.value
    if condition.operator == "in":
        return column.is_in(list(value))
    if condition.operator == "contains":
        return column.list.contains(value) if condition.field == "tags" else column.str.contains(value, literal=True)
    if TYPES[condition.field] == "date":
        value = datetime.fromisoformat(value).replace(tzinfo=None)
    sign = {"equals": operator.eq, "greater_than": operator.gt, "less_than": operator.lt}[condition.operator]
    found: pl.Expr = sign(column, value)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--folder", type=Path, help="where the file and the counts are already")
    options = parser.parse_args()
    done = run() if options.folder is None else _measured(options.folder, options.threads)
    sys.exit(0 if done else 1)
