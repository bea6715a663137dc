"""The table of profiles: one typed column per declared field, text with its tokens, and the rows that fill it.

An encrypted field is held as its keyed hashes (`search: equality`) or as whether it is present (`search: none`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ....ir.types import Catalogue, Field
from ....operators.core import Dialect
from ....operators.text import tokens
from ...mapping import Sealer
from . import duckdb, postgres
from .names import TABLE, column_name, quote, tokens_name


def create_table(catalogue: Catalogue, dialect: Dialect) -> str:
    """The statements that create the table, and in PostgreSQL the types of its objects."""
    columns = _columns(_with_key(catalogue), dialect, catalogue.name)
    body = ",\n".join(f"  {column}" for column in columns)
    key = f"  PRIMARY KEY ({quote(column_name(catalogue.key, dialect))})"
    table = f"CREATE TABLE {quote(TABLE)} (\n{body},\n{key}\n);\n"
    types = _composites(catalogue.fields, catalogue.name) if dialect == "postgres" else []
    return "".join([*types, table])


def insert(catalogue: Catalogue, dialect: Dialect) -> str:
    """The statement that inserts rows (see `row`), handed over as its parameter `rows`: the JSON text of a list."""
    table = quote(TABLE)
    if dialect == "postgres":
        return f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, CAST(%(rows)s AS jsonb))"
    structure = json.dumps([_structure(_with_key(catalogue))]).replace("'", "''")
    return f"INSERT INTO {table} BY NAME SELECT unnest(from_json($rows, '{structure}'), max_depth := 2)"


def loading(catalogue: Catalogue, dialect: Dialect) -> str:
    """The statements that fill the table from `rows.jsonl`, a row (see `row`) as JSON on each line.

    Those of PostgreSQL are for `psql`.
    """
    table = quote(TABLE)
    if dialect == "postgres":
        return (
            "CREATE TEMPORARY TABLE incoming (line jsonb);\n"
            "\\copy incoming FROM 'rows.jsonl' WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')\n"
            f"INSERT INTO {table} SELECT filled.* FROM incoming,"
            f" jsonb_populate_record(NULL::{table}, incoming.line) AS filled;\n"
        )
    columns = ", ".join(
        f"{quote(name)}: '{_duckdb_type(kind)}'" for name, kind in _structure(_with_key(catalogue)).items()
    )
    return (
        f"INSERT INTO {table} BY NAME SELECT *"
        f" FROM read_json('rows.jsonl', format = 'newline_delimited', columns = {{{columns}}});\n"
    )


def _duckdb_type(structure: Any) -> str:
    """The type that a part of `_structure` stands for."""
    if isinstance(structure, list):
        return f"{_duckdb_type(structure[0])}[]"
    if isinstance(structure, dict):
        return f"STRUCT({', '.join(f'{quote(name)} {_duckdb_type(kind)}' for name, kind in structure.items())})"
    return str(structure)


def row(
    profile: Mapping[str, Any], catalogue: Catalogue, dialect: Dialect, sealer: Sealer | None = None
) -> dict[str, Any]:
    """The row of a canonical profile as JSON data by column; what is missing is left out."""
    return _members(profile, _with_key(catalogue), "", dialect, sealer)


def _with_key(catalogue: Catalogue) -> tuple[Field, ...]:
    return (Field(catalogue.key, "keyword"), *catalogue.fields)


def _columns(fields: tuple[Field, ...], dialect: Dialect, owner: str) -> list[str]:
    found: list[str] = []
    for field in fields:
        found.append(f"{quote(column_name(field.name, dialect))} {_type(field, dialect, f'{owner}.{field.name}')}")
        if field.type == "text" and field.encrypted is None:
            found.append(f"{quote(tokens_name(field.name))} {_array(_text(dialect), dialect)}")
    return found


def _type(field: Field, dialect: Dialect, composite: str) -> str:
    if field.encrypted == "none":
        return "BOOLEAN" if dialect == "duckdb" else "boolean"
    if field.encrypted == "equality" or field.type in {"keyword", "text"}:
        kind = _text(dialect)
    elif field.type == "object":
        inner = ", ".join(_columns(field.fields, dialect, composite))
        kind = f"STRUCT({inner})" if dialect == "duckdb" else quote(composite_name(composite))
    else:
        kind = (duckdb.SCALAR_TYPES if dialect == "duckdb" else postgres.SCALAR_TYPES)[field.type]
    return _array(kind, dialect) if field.many else kind


def _text(dialect: Dialect) -> str:
    return "VARCHAR" if dialect == "duckdb" else 'text COLLATE "C"'


def _array(kind: str, dialect: Dialect) -> str:
    if dialect == "postgres" and kind.startswith("text "):
        return kind.replace("text", "text[]", 1)
    return f"{kind}[]"


def composite_name(path: str) -> str:
    """The name of the type of an object in PostgreSQL; long ones are cut the way token columns are."""
    return tokens_name(path).removesuffix("$tokens")


def _composites(fields: tuple[Field, ...], owner: str) -> list[str]:
    """The types of objects, inner ones first."""
    found: list[str] = []
    for field in fields:
        if field.type == "object" and field.encrypted is None:
            path = f"{owner}.{field.name}"
            found += _composites(field.fields, path)
            body = ", ".join(_columns(field.fields, "postgres", path))
            found.append(f"CREATE TYPE {quote(composite_name(path))} AS ({body});\n")
    return found


def _structure(fields: tuple[Field, ...]) -> dict[str, Any]:
    """The rows' shape as DuckDB's `from_json` takes it."""
    found: dict[str, Any] = {}
    for field in fields:
        if field.encrypted == "none":
            one: Any = "BOOLEAN"
        elif field.encrypted == "equality":
            one = "VARCHAR"
        elif field.type == "object":
            one = _structure(field.fields)
        elif field.type == "geo_point":
            one = {"lat": "DOUBLE", "lon": "DOUBLE"}
        else:
            one = duckdb.SCALAR_TYPES[field.type]
        found[field.name] = [one] if field.many and field.encrypted != "none" else one
        if field.type == "text" and field.encrypted is None:
            found[tokens_name(field.name)] = ["VARCHAR"]
    return found


def _members(
    data: Mapping[str, Any], fields: tuple[Field, ...], prefix: str, dialect: Dialect, sealer: Sealer | None
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields:
        value = data.get(field.name)
        values = [item for item in (value if field.many and value is not None else [value]) if item is not None]
        path = f"{prefix}{field.name}"
        stored = [_one(field, item, path, dialect, sealer) for item in values]
        if field.type == "object":
            stored = [item for item in stored if item]
        if not stored:
            continue
        found[column_name(field.name, dialect)] = stored if field.many and field.encrypted != "none" else stored[0]
        if field.type == "text" and field.encrypted is None:
            found[tokens_name(field.name)] = [token for item in values for token in tokens(item)]
    return found


def _one(field: Field, value: Any, path: str, dialect: Dialect, sealer: Sealer | None) -> Any:
    if field.encrypted == "none":
        return True
    if field.encrypted == "equality":
        if sealer is None:
            raise LookupError(f"`{path}` is encrypted, and no key was handed in")
        return sealer.hash(path, value)
    if field.type == "object":
        return _members(value, field.fields, f"{path}.", dialect, sealer)
    if field.type == "geo_point" and dialect == "postgres":
        return f"({value['lon']!r},{value['lat']!r})"
    return value
