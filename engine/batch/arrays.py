"""Arrow arrays as they come out of a file: the bytes of text, and lists by their values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

Array = Any
"""A `pyarrow.Array`; pyarrow carries no types."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def text_bytes(array: Array) -> bytes:
    """The UTF-8 of all values of a string array, one after the other."""
    offsets, data = array.buffers()[1], array.buffers()[2]
    if not len(array) or offsets is None or data is None:
        return b""
    places = memoryview(offsets).cast("i")
    return bytes(memoryview(data)[places[array.offset] : places[array.offset + len(array)]])


def as_strings(array: Array) -> Array:
    """The values as an array of plain strings, whatever kind of strings they are."""
    import pyarrow as pa

    return array if pa.types.is_string(array.type) else array.cast(pa.string())


def convert_list(array: Array, convert: Callable[[Array], Array | None]) -> Array | None:
    """The list array with its values converted, None where they cannot be."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_list(array.type):
        array = array.cast(pa.list_(array.type.value_type))
    first, last = array.offsets[0].as_py(), array.offsets[-1].as_py()
    values = convert(array.values.slice(first, last - first))
    if values is None:
        return None
    mask = array.is_null() if array.null_count else None
    return pa.ListArray.from_arrays(pc.subtract(array.offsets, first), values, mask=mask)


def json_values(array: Array) -> list[Any]:
    """The values as they would be written in JSON, null for what is missing."""
    return [_json_value(value) for value in _with_texts(array).to_pylist()]


def _with_texts(array: Array) -> Array:
    """Instants and days as text, for Python's own types have fewer years and no nanoseconds."""
    import pyarrow as pa

    kind = array.type
    if pa.types.is_timestamp(kind):
        return _texts(array.cast(pa.int64()), lambda value: _instant(value, PER_SECOND[kind.unit]))
    if pa.types.is_date(kind):
        return _texts(array.cast(pa.date32(), safe=False).cast(pa.int32()), _day)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return convert_list(array, _with_texts)
    return array


def _texts(array: Array, text_of: Callable[[int], str]) -> Array:
    import pyarrow as pa

    return pa.array([None if value is None else text_of(value) for value in array.to_pylist()], pa.string())


def _instant(value: int, per_second: int) -> str:
    """The text of an instant, to the nanosecond; of one outside the years 1 to 9999 what is no instant."""
    seconds, fraction = divmod(value, per_second)
    try:
        moment = EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return ""
    return f"{moment.replace(tzinfo=None).isoformat()}.{fraction * (1_000_000_000 // per_second):09}Z"


def _day(value: int) -> str:
    try:
        return (EPOCH + timedelta(days=value)).date().isoformat()
    except OverflowError:
        return ""


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _json_value(item) for name, item in value.items()}
    return [_json_value(item) for item in value] if isinstance(value, list) else value
