"""Which columns a Parquet file of profiles may have: one per declared field, of a type that fits; the rest is refused.

| field | column |
|---|---|
| `keyword`, `text` | string, also dictionary-encoded |
| `integer` | any integer |
| `number` | float, double or any integer |
| `boolean` | boolean |
| `date` | timestamp (without a zone it is UTC), or text as `2026-03-01T09:30:00Z` |
| `day` | date, or text as `1990-02-28` |
| `geo_point` | struct of `lat` and `lon` |
| `object` | struct of the declared members |

A list of them is a list column. A field without a column is missing in every profile; encrypted fields are plain here.
Columns with `$` in their names, which no field has, are passed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..diagnostics.suggest import nearest
from ..ir.types import Catalogue, Field

EXPECTED = {
    "keyword": "text",
    "text": "text",
    "integer": "whole numbers",
    "number": "numbers",
    "boolean": "true and false",
    "date": "timestamps or text",
    "day": "dates or text",
    "geo_point": "structs of `lat` and `lon`",
    "object": "structs",
}


class BatchRefusedError(ValueError):
    """The file cannot be matched at all; the message says which column does not fit and what was expected."""


def check_columns(schema: Any, catalogue: Catalogue) -> None:
    """Nothing for an Arrow schema whose columns fit the catalogue. Raises BatchRefusedError."""
    if schema.get_field_index(catalogue.key) < 0:
        raise BatchRefusedError(f"`{catalogue.key}` has no column; every profile has its key")
    _check((Field(catalogue.key, "keyword"), *catalogue.fields), schema, "")


def _check(fields: tuple[Field, ...], columns: Iterable[Any], prefix: str) -> None:
    declared = {field.name: field for field in fields}
    seen: set[str] = set()
    for column in columns:
        if "$" in column.name:
            continue
        path = f"{prefix}{column.name}"
        field = declared.get(column.name)
        if field is None:
            near = nearest(column.name, list(declared))
            hint = f"; did you mean `{near}`?" if near else ""
            raise BatchRefusedError(f"`{path[:80]}` is not declared in the catalogue{hint}")
        if column.name in seen:
            raise BatchRefusedError(f"`{path}` is the name of two columns, expected one")
        seen.add(column.name)
        _check_type(field, column.type, path)


def _check_type(field: Field, kind: Any, path: str) -> None:
    """Inside of objects nanoseconds would be lost, so they are refused."""
    import pyarrow.types as is_

    expected = f"lists of {EXPECTED[field.type]}" if field.many else EXPECTED[field.type]
    one = kind
    if field.many and (is_.is_list(kind) or is_.is_large_list(kind) or is_.is_fixed_size_list(kind)):
        one = kind.value_type
    elif field.many and not is_.is_null(kind):
        raise BatchRefusedError(f"`{path}` is a column of {kind}, expected {expected}")
    if is_.is_null(one):
        return
    if not _fits(field, one) or ("." in path and is_.is_timestamp(one) and one.unit == "ns"):
        raise BatchRefusedError(f"`{path}` is a column of {kind}, expected {expected}")
    if field.type == "object":
        _check(field.fields, one, f"{path}.")
    if field.type == "geo_point" and {member.name for member in one} != {"lat", "lon"}:
        raise BatchRefusedError(f"`{path}` is a column of {kind}, expected {expected}")


def _fits(field: Field, kind: Any) -> bool:
    import pyarrow.types as is_

    if field.type in {"keyword", "text"}:
        return _is_text(kind) or (is_.is_dictionary(kind) and _is_text(kind.value_type))
    tests = {
        "integer": (is_.is_integer,),
        "number": (is_.is_floating, is_.is_integer),
        "boolean": (is_.is_boolean,),
        "date": (is_.is_timestamp, _is_text),
        "day": (is_.is_date, _is_text),
        "geo_point": (is_.is_struct,),
        "object": (is_.is_struct,),
    }
    return any(test(kind) for test in tests[field.type])


def _is_text(kind: Any) -> bool:
    import pyarrow.types as is_

    return bool(is_.is_string(kind) or is_.is_large_string(kind) or is_.is_string_view(kind))
