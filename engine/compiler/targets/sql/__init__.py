"""Predicates as SQL over one table with a typed column per declared field: DuckDB and PostgreSQL."""

from __future__ import annotations

from .query import DIALECTS, SqlQuery, compile_sql
from .table import create_table, insert, loading, row

__all__ = ["DIALECTS", "SqlQuery", "compile_sql", "create_table", "insert", "loading", "row"]
