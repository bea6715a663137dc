"""The content of a bundle: the program and its compiled targets. Equal programs give equal content anywhere."""

from __future__ import annotations

from typing import Any

from ..compiler.mapping import index_mapping, mapping_hash
from ..compiler.targets.elasticsearch import Exact, compile_query
from ..compiler.targets.sql import DIALECTS, SqlQuery, compile_sql, create_table
from ..ir.predicate import Predicate
from ..ir.program import Program
from ..operators.core import Dialect


def bundle_content(program: Program) -> dict[str, Any]:
    """`{"program", "targets": {"elasticsearch", "sql", "mapping", "mapping_hash"}}` as JSON data.

    Elasticsearch has `{"query"}` for each segment or, where the index cannot answer exactly, `{"candidates":
    {"surely_contains", "surely_within"}}`. SQL has for each dialect the `table` of profiles and, for each segment,
    `{"text", "parameters"}` or `{"unsupported": reason}`. Values that depend on the clock are placeholders in both.
    """
    mapping = index_mapping(program.catalogue)
    return {
        "program": program.data(),
        "targets": {
            "elasticsearch": {name: query_data(predicate, program) for name, predicate in program.segments.items()},
            "sql": {dialect: _sql(program, dialect) for dialect in DIALECTS},
            "mapping": mapping,
            "mapping_hash": mapping_hash(mapping),
        },
    }


def query_data(predicate: Predicate, program: Program) -> dict[str, Any]:
    """The index query of a predicate, or the two queries that bound it."""
    compiled = compile_query(predicate, program.catalogue, program.lists)
    if isinstance(compiled, Exact):
        return {"query": compiled.query}
    bounds = {"surely_contains": compiled.surely_contains, "surely_within": compiled.surely_within}
    return {"candidates": bounds}


def _sql(program: Program, dialect: Dialect) -> dict[str, Any]:
    segments = {name: sql_data(predicate, program, dialect) for name, predicate in program.segments.items()}
    return {"table": create_table(program.catalogue, dialect), "segments": segments}


def sql_data(predicate: Predicate, program: Program, dialect: Dialect) -> dict[str, Any]:
    """The statement of a predicate with its parameters, or the reason why the dialect cannot express it."""
    compiled = compile_sql(predicate, program.catalogue, dialect)
    if isinstance(compiled, SqlQuery):
        return {"text": compiled.text, "parameters": dict(compiled.parameters)}
    return {"unsupported": compiled.reason}
