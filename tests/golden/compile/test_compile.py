"""Every segment of the golden workspace, on every target: `expected/<segment>.{json,duckdb.sql,postgres.sql,txt}`."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from engine import load_workspace
from engine.compiler.mapping import index_mapping
from engine.compiler.targets.elasticsearch import Exact, compile_query
from engine.compiler.targets.english import to_english
from engine.compiler.targets.sql import DIALECTS, SqlQuery, compile_sql, create_table, insert
from engine.ir.program import Program
from engine.operators.core import Dialect

HERE = Path(__file__).parent
SEGMENTS = sorted(path.stem for path in (HERE / "workspace" / "segments").glob("*.yaml"))

Compare = Callable[[Path, str], None]


@cache
def program() -> Program:
    return load_workspace(HERE / "workspace", today="2026-01-01").program


def shown(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", SEGMENTS)
def test_elasticsearch_query_is_as_reviewed(name: str, golden: Compare) -> None:
    compiled = compile_query(program().segments[name], program().catalogue, program().lists)
    if isinstance(compiled, Exact):
        data = {"query": compiled.query}
    else:
        data = {"surely_contains": compiled.surely_contains, "surely_within": compiled.surely_within}
    golden(HERE / "expected" / f"{name}.json", shown(data))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", SEGMENTS)
def test_sql_is_as_reviewed(name: str, dialect: Dialect, golden: Compare) -> None:
    compiled = compile_sql(program().segments[name], program().catalogue, dialect)
    if isinstance(compiled, SqlQuery):
        parameters = "".join(f"-- {key} = {json.dumps(value)}\n" for key, value in compiled.parameters.items())
        text = f"{compiled.text}\n{parameters}"
    else:
        text = f"-- unsupported: {compiled.reason}\n"
    golden(HERE / "expected" / f"{name}.{dialect}.sql", text)


@pytest.mark.parametrize("name", SEGMENTS)
def test_english_is_as_reviewed(name: str, golden: Compare) -> None:
    golden(HERE / "expected" / f"{name}.txt", to_english(program().segments[name]) + "\n")


def test_mapping_is_as_reviewed(golden: Compare) -> None:
    golden(HERE / "expected" / "mapping.json", shown(index_mapping(program().catalogue)))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_table_is_as_reviewed(dialect: Dialect, golden: Compare) -> None:
    catalogue = program().catalogue
    golden(
        HERE / "expected" / f"table.{dialect}.sql",
        f"{create_table(catalogue, dialect)}\n{insert(catalogue, dialect)};\n",
    )
