"""100,000 profiles × 100 segments from one Parquet file: decisor's own query, DuckDB and Polars by hand."""

from __future__ import annotations

import operator
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from engine.ir.types import Catalogue, Field
from engine.segments.parquet import segment_sizes, write_profiles

from . import segments_ir
from .timing import Goal, Result, Work, show, timed
from .workload import NOW_MS, TYPES, Condition, matching, profiles, segments

PROFILES, SEGMENTS = 100_000, 100
CATALOGUE = Catalogue(
    "customer",
    "customer_id",
    tuple(Field(name, kind, many=name == "tags") for name, kind in TYPES.items() if name != "customer_id"),  # type: ignore[arg-type] # TYPES holds field types
)


def run() -> bool:
    """Print the table; whether every goal is reached."""
    print(f"writing {PROFILES:,} profiles to Parquet …", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "profiles.parquet"
        write_profiles(path, profiles(PROFILES), CATALOGUE)
        return _measured(path)


def _measured(path: Path) -> bool:
    wanted = segments(SEGMENTS)
    named = dict(segments_ir.named(wanted))
    expected = dict.fromkeys(named, 0)
    for subject in profiles(PROFILES):
        for name in matching(wanted, subject):
            expected[name] += 1
    counts = list(expected.values())
    statement = _duckdb_statement(path)
    assert segment_sizes(path, named, CATALOGUE, now_ms=NOW_MS).members == expected
    assert _asked(statement) == counts
    assert list(_polars_plan(path).collect().row(0)) == counts
    ways: dict[str, Work] = {
        "ours": lambda: segment_sizes(path, named, CATALOGUE, now_ms=NOW_MS),
        "DuckDB": lambda: _asked(statement),
        "Polars": lambda: _polars_plan(path).collect(),
    }
    goals = [Goal(1 / 1.5, "DuckDB"), Goal(1 / 1.5, "Polars")]
    return show(
        f"{PROFILES:,} profiles × {SEGMENTS} segments from Parquet ({sum(counts):,} memberships)",
        [Result("counts", timed(ways, units=1, rounds=9), goals)],
        unit="ms",
    )


def _duckdb_statement(path: Path) -> str:
    conditions = [" AND ".join(map(_sql, segment.conditions)) for segment in segments(SEGMENTS)]
    counts = ", ".join(f"count_if({condition})" for condition in conditions)
    return f"SELECT {counts} FROM read_parquet('{path}')"


def _asked(statement: str) -> list[int]:
    found = duckdb.execute(statement).fetchone()
    return list(found or ())


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
    sys.exit(0 if run() else 1)
