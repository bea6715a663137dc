"""Parquet files of profiles, in the forms in which others write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from engine.batch.canonical import arrow_type
from engine.ir.instant import parse_instant
from engine.ir.types import Catalogue, Field

Profile = Mapping[str, Any]


def write(path: Path, profiles: Sequence[Profile], catalogue: Catalogue, *, rows: int = 1_000) -> Path:
    """The file of canonical profiles: a typed column per field, instants as timestamps in milliseconds."""
    fields = (Field(catalogue.key, "keyword"), *catalogue.fields)
    columns = {field.name: _column(field, [profile.get(field.name) for profile in profiles]) for field in fields}
    return write_columns(path, columns, rows=rows)


def write_columns(path: Path, columns: Mapping[str, Any], *, rows: int = 1_000) -> Path:
    """The file of some columns, in row groups of that many rows."""
    parquet.write_table(pa.table(dict(columns)), path, row_group_size=rows)
    return path


def _column(field: Field, values: list[Any]) -> pa.Array:
    return pa.array([_stored(field, value) for value in values], _type(field))


def _type(field: Field) -> pa.DataType:
    if field.type == "date":
        kind = pa.timestamp("ms")
    elif field.type == "object":
        kind = pa.struct([(member.name, _type(member)) for member in field.fields])
    else:
        return arrow_type(field)
    return pa.list_(kind) if field.many else kind


def _stored(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.many and isinstance(value, list):
        one = Field(field.name, field.type, fields=field.fields)
        return [_stored(one, item) for item in value]
    if field.type == "date":
        return parse_instant(value)
    if field.type == "day":
        return (parse_instant(f"{value}T00:00:00Z")) // 86_400_000
    if field.type == "object":
        return {member.name: _stored(member, value.get(member.name)) for member in field.fields}
    return value
