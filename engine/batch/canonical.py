"""Columns in canonical form: what the border does to one value, done to a whole Arrow array.

Most columns are canonical as they stand, which a look at the whole array tells. What is not goes through the border's
own readers, value by value, so that both ways give the same values and refuse the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field as member_of
from datetime import date
from typing import Any

from ..compiler.targets.sql.names import tokens_name
from ..ir.instant import FIRST_MS, LAST_MS, parse_instant
from ..ir.types import KEY_LIMIT, KEYWORD_LIMIT, LIST_LIMIT, Catalogue, Field
from ..operators.text import tokens
from ..operators.values import TEXT_LIMIT, ValueRefusedError, canonical
from ..runtime.border import Border, Refusal
from .arrays import Array, as_strings, convert_list, json_values, text_bytes
from .schema import BatchRefusedError

FIRST_DAY, LAST_DAY = FIRST_MS // 86_400_000, LAST_MS // 86_400_000
INSTANT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"


@dataclass(frozen=True, slots=True)
class Column:
    """Canonical values of one field, and the problems of the rows that are refused."""

    values: Array
    refused: Mapping[int, list[Refusal]] = member_of(default_factory=dict)


class Reader:
    """Reads the columns of one field of a catalogue, or of its key; `default` stands for a missing value.

    `with_events` says that the events are given; aggregates are computed from them, and stated ones are refused.
    """

    def __init__(
        self, declared: Field, catalogue: Catalogue, *, with_events: bool = False, default: Any = None
    ) -> None:
        self._field = declared
        self._is_key = declared.name == catalogue.key
        fields = () if self._is_key else (declared,)
        border = Border(Catalogue(catalogue.name, catalogue.key, fields))
        self._refuses = with_events and declared.source is not None
        self._profile = border.profile_with_events if with_events else border.profile
        self._default = default
        self._rest = {} if self._is_key else {catalogue.key: "-"}

    def read(self, array: Array) -> Column:
        """The canonical column of an array of any type that fits the field."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if pa.types.is_null(array.type):
            array = pa.nulls(len(array), arrow_type(self._field))
        values = None
        if not self._refuses or array.null_count == len(array):
            with suppress(pa.ArrowInvalid):  # a cast would change some value
                values = self._whole(array)
        column = self._one_by_one(array) if values is None else Column(values)
        if self._default is None or not column.values.null_count:
            return column
        return Column(pc.fill_null(column.values, self._default), column.refused)

    def _whole(self, array: Array) -> Array | None:
        """The canonical array where that can be told of all values together, otherwise None."""
        if self._is_key:
            return _keys(array)
        if self._field.many:
            return _lists(array, self._field)
        return WHOLE[self._field.type](array, self._field)

    def _one_by_one(self, array: Array) -> Column:
        import pyarrow as pa

        kept: list[Any] = []
        refused: dict[int, list[Refusal]] = {}
        try:
            values = json_values(array)
        except (ValueError, OverflowError):  # inside of objects, where Python makes its own instants of them
            name = self._field.name
            raise BatchRefusedError(f"`{name}` has instants or days outside the years 1 to 9999") from None
        for row, value in enumerate(values):
            profile, problems = self._profile({self._field.name: value, **self._rest})
            if problems:
                refused[row] = problems
            kept.append(None if profile is None else arrow_value(self._field, profile.get(self._field.name)))
        return Column(pa.array(kept, arrow_type(self._field)), refused)


def arrow_type(declared: Field) -> Any:
    """The Arrow type of a field's canonical values; instants in microseconds, texts in objects beside their tokens."""
    import pyarrow as pa

    scalars: dict[str, Callable[[], Any]] = {
        "keyword": pa.string,
        "text": pa.string,
        "number": pa.float64,
        "integer": pa.int64,
        "boolean": pa.bool_,
        "date": lambda: pa.timestamp("us"),
        "day": pa.date32,
        "geo_point": lambda: pa.struct([("lat", pa.float64()), ("lon", pa.float64())]),
        "object": lambda: pa.struct(_members(declared)),
    }
    one = scalars[declared.type]()
    return pa.list_(one) if declared.many else one


def _members(declared: Field) -> list[tuple[str, Any]]:
    import pyarrow as pa

    found: list[tuple[str, Any]] = []
    for member in declared.fields:
        found.append((member.name, arrow_type(member)))
        if member.type == "text":
            found.append((tokens_name(member.name), pa.list_(pa.string())))
    return found


def arrow_value(declared: Field, value: Any) -> Any:
    """A canonical value as Arrow takes it: instants as microseconds, days as dates, texts in objects with tokens."""
    if value is None:
        return None
    return [_arrow_value(declared, item) for item in value] if declared.many else _arrow_value(declared, value)


def _arrow_value(declared: Field, value: Any) -> Any:
    if declared.type == "date":
        return parse_instant(value) * 1_000
    if declared.type == "day":
        return date.fromisoformat(value)
    if declared.type != "object":
        return value
    found: dict[str, Any] = {}
    for member in declared.fields:
        inner = value.get(member.name)
        found[member.name] = arrow_value(member, inner)
        if member.type == "text" and inner is not None:
            texts = inner if member.many else [inner]
            found[tokens_name(member.name)] = [token for text in texts for token in tokens(text)]
    return found


def _keys(array: Array) -> Array | None:
    import pyarrow.compute as pc

    array = as_strings(array)
    raw = text_bytes(array)
    if array.null_count or not raw.isascii() or b"\0" in raw:
        return None
    lengths = pc.min_max(pc.binary_length(array)).as_py()
    fits = not len(array) or (lengths["min"] >= 1 and lengths["max"] <= KEY_LIMIT)
    return array if fits else None


def _lists(array: Array, declared: Field) -> Array | None:
    """Lists without nulls and refused values; empty ones stay, which everything that reads them takes for missing."""
    import pyarrow.compute as pc

    def values(inner: Array) -> Array | None:
        return None if inner.null_count else WHOLE[declared.type](inner, declared)

    longest = pc.max(pc.list_value_length(array)).as_py()
    return None if (longest or 0) > LIST_LIMIT else convert_list(array, values)


def _strings(array: Array, declared: Field) -> Array | None:
    """Plain strings, or a dictionary of them where each distinct value was looked at once."""
    import pyarrow as pa

    if not pa.types.is_dictionary(array.type):
        array = as_strings(array)
        plain = _plain(array, declared)
        if plain is not None or declared.type == "text":
            return plain
        array = array.dictionary_encode()
    values = as_strings(array.dictionary)
    if values.null_count:
        return None
    kept = _plain(values, declared)
    if kept is None:
        kept = _distinct(values, declared)
    return None if kept is None else pa.DictionaryArray.from_arrays(array.indices, kept)


def _plain(array: Array, declared: Field) -> Array | None:
    """The canonical values where all are ASCII, which is in normal form."""
    import pyarrow.compute as pc

    raw = text_bytes(array)
    if not raw.isascii() or b"\0" in raw:
        return None
    limit = KEYWORD_LIMIT if declared.type == "keyword" else TEXT_LIMIT
    if len(raw) > limit and (pc.max(pc.binary_length(array)).as_py() or 0) > limit:
        return None
    if declared.normalize == "lowercase":
        array = pc.ascii_lower(array)
    return array if _declared_values(array, declared) else None


def _declared_values(array: Array, declared: Field) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not declared.values:
        return True
    known = pc.is_in(array.drop_null(), value_set=pa.array(declared.values, pa.string()))
    return bool(pc.all(known, min_count=0).as_py())


def _distinct(values: Array, declared: Field) -> Array | None:
    import pyarrow as pa

    try:
        kept = pa.array([canonical(declared, value) for value in values.to_pylist()], pa.string())
    except ValueRefusedError:
        return None
    return kept if _declared_values(kept, declared) else None


def _numbers(array: Array, _declared: Field) -> Array | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = array.cast(pa.float64(), safe=False)  # an integer becomes the nearest double, as Python's do
    return numbers if pc.all(pc.is_finite(numbers), min_count=0).as_py() else None


def _integers(array: Array, _declared: Field) -> Array | None:
    import pyarrow as pa

    return array.cast(pa.int64())


def _booleans(array: Array, _declared: Field) -> Array | None:
    return array


def _instants(array: Array, _declared: Field) -> Array | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_timestamp(array.type):
        array = as_strings(array)
        if not pc.all(pc.match_substring_regex(array, INSTANT), min_count=0).as_py():
            return None
        array = array.cast(pa.timestamp("ms", "UTC"))
    whole = array.cast(pa.timestamp("ms", array.type.tz)).cast(pa.int64())
    return whole.cast(pa.timestamp("ms")).cast(pa.timestamp("us")) if _within(whole, FIRST_MS, LAST_MS) else None


def _days(array: Array, _declared: Field) -> Array | None:
    import pyarrow as pa

    if not pa.types.is_date(array.type):
        return None
    days = array.cast(pa.date32())
    return days if _within(days.cast(pa.int32()), FIRST_DAY, LAST_DAY) else None


def _within(integers: Array, first: int, last: int) -> bool:
    import pyarrow.compute as pc

    found = pc.min_max(integers).as_py()
    return found["min"] is None or (found["min"] >= first and found["max"] <= last)


def _not_together(_array: Array, _declared: Field) -> None:
    return None


WHOLE: Mapping[str, Callable[[Array, Field], Array | None]] = {
    "keyword": _strings,
    "text": _strings,
    "number": _numbers,
    "integer": _integers,
    "boolean": _booleans,
    "date": _instants,
    "day": _days,
    "geo_point": _not_together,
    "object": _not_together,
}
