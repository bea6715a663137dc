"""The columns that the query asks, made of canonical ones: numbers for constants and words, presence, membership."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..compiler.targets.sql.names import tokens_name
from ..ir.types import Catalogue, Field
from ..operators.text import MAX_UNITS, tokens
from .arrays import Array, as_strings, convert_list, text_bytes
from .canonical import arrow_type
from .coding import CODE, LIST, OTHER, PRESENT, WORDS, Coding

LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 "
"""Of a text of these alone, the words are what lies between blanks."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A column of the query: its name and type, and how it follows from the canonical column `source`."""

    name: str
    type: Any
    source: str
    make: Callable[[Array], Array]


def asked_column(name: str, coding: Coding, catalogue: Catalogue, lists: Mapping[str, frozenset[str]]) -> Asked:
    """The column that coded predicates call `name`."""
    import pyarrow as pa

    source, mark, kind = name.rpartition("$")
    if mark + kind == LIST:
        members = lists[source]
        return Asked(name, pa.bool_(), catalogue.key, lambda keys: _is_listed(keys, members))
    field = catalogue.field(source or name)
    if field is None:
        raise LookupError(f"`{source or name}` is not declared in the catalogue")
    if mark + kind == PRESENT:
        return Asked(name, pa.bool_(), source, _present)
    if mark + kind == CODE:
        constants = pa.array(list(coding.codes[source]), pa.string())
        number = pa.list_(pa.int32()) if field.many else pa.int32()
        return Asked(name, number, source, lambda values: _codes(values, constants))
    if mark + kind == WORDS:
        words = coding.words[source]
        return Asked(name, pa.list_(pa.int32()), source, lambda texts: _words(texts, words))
    if field.type == "text":
        return Asked(tokens_name(name), pa.list_(pa.string()), name, _tokens)
    return Asked(name, arrow_type(field), name, lambda values: _decode(values, field))


def _decode(values: Array, field: Field) -> Array:
    return values.cast(arrow_type(field))


def _present(values: Array) -> Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_list(values.type):
        return pc.fill_null(pc.greater(pc.list_value_length(values), 0), fill_value=False)
    return pc.is_valid(values)


def _is_listed(keys: Array, members: frozenset[str]) -> Array:
    import pyarrow as pa

    return pa.array([key in members for key in keys.to_pylist()], pa.bool_())


def _codes(values: Array, constants: Array) -> Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_list(values.type):
        return convert_list(values, lambda inner: _codes(inner, constants))
    if not pa.types.is_dictionary(values.type):
        found = pc.fill_null(pc.index_in(values, value_set=constants), OTHER)
        return pc.if_else(pc.is_valid(values), found, None) if values.null_count else found
    distinct = pc.fill_null(pc.index_in(as_strings(values.dictionary), value_set=constants), OTHER)
    return pc.take(distinct, values.indices)


def _words(texts: Array, words: Mapping[str, int]) -> Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    split = _split(texts)
    if split is not None:
        wanted = pa.array(list(words), pa.string())
        return convert_list(split, lambda inner: pc.fill_null(pc.index_in(inner, value_set=wanted), OTHER))
    numbers = [None if found is None else [words[token] for token in found if token in words] for found in _each(texts)]
    return pa.array(numbers, pa.list_(pa.int32()))


def _tokens(texts: Array) -> Array:
    import pyarrow as pa

    split = _split(texts)
    return pa.array(list(_each(texts)), pa.list_(pa.string())) if split is None else split


def _each(texts: Array) -> list[list[str] | None]:
    """The tokens of each text, or of all texts of a list."""
    found: list[list[str] | None] = []
    for value in texts.to_pylist():
        if isinstance(value, list):
            found.append([token for text in value for token in tokens(text)])
        else:
            found.append(None if value is None else tokens(value))
    return found


def _split(texts: Array) -> Array | None:
    """The tokens where all texts are of letters, digits and blanks alone, and no word so long that it is cut."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string(texts.type) or text_bytes(texts).translate(None, LETTERS):
        return None
    split = pc.ascii_split_whitespace(pc.ascii_lower(texts))
    longest = pc.max(pc.binary_length(split.values)).as_py() or 0
    return split if longest <= MAX_UNITS else None
