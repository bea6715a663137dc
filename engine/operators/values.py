"""Canonical values: what a constant or a profile's value becomes at the border, or why it is refused."""

from __future__ import annotations

import math
from typing import Any

from ..ir.instant import InstantError, canonical_day, canonical_instant
from ..ir.types import KEYWORD_LIMIT, Field
from .strings import StringRefusedError, normalize_keyword

INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1
TEXT_LIMIT = 1_000_000  # code points


class ValueRefusedError(ValueError):
    """The value does not fit the field; the message says what was expected, and never repeats the value."""


def canonical(field: Field, value: Any) -> Any:
    """The canonical form of one present value, not a list, of a field (not an object). Raises ValueRefusedError."""
    return _CANONICAL[field.type](field, value)


def _string(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueRefusedError(f"expected text, found {kind_of(value)}")
    limit = KEYWORD_LIMIT if field.type == "keyword" else TEXT_LIMIT
    if len(value) > limit:
        raise ValueRefusedError(f"expected at most {limit:,} characters, found {len(value):,}")
    try:
        text = normalize_keyword(value, field.normalize == "lowercase")
    except StringRefusedError as problem:
        raise ValueRefusedError(f"expected storable text, found {problem}") from None
    if len(text) > limit:
        raise ValueRefusedError(f"expected at most {limit:,} characters after normalisation, found {len(text):,}")
    return text


def _number(_field: Field, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueRefusedError(f"expected a number, found {kind_of(value)}")
    try:
        number = float(value)
    except OverflowError:
        raise ValueRefusedError("expected a number within the range of a double") from None
    if not math.isfinite(number):
        raise ValueRefusedError("expected a finite number")
    return number + 0.0  # -0.0 becomes 0.0


def _integer(_field: Field, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueRefusedError(f"expected a whole number without point or exponent, found {kind_of(value)}")
    if not INTEGER_MIN <= value <= INTEGER_MAX:
        raise ValueRefusedError("expected a whole number of at most 64 bits")
    return value


def _boolean(_field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueRefusedError(f"expected true or false, found {kind_of(value)}")
    return value


def _date(_field: Field, value: Any) -> str:
    return _instant_text(value, "an instant with a zone, as 2026-03-01T09:30:00Z", canonical_instant)


def _day(_field: Field, value: Any) -> str:
    return _instant_text(value, "a calendar day, as 1990-02-28", canonical_day)


def _instant_text(value: Any, expected: str, read: Any) -> str:
    if not isinstance(value, str):
        raise ValueRefusedError(f"expected {expected}, found {kind_of(value)}")
    try:
        text: str = read(value)
    except InstantError as problem:
        raise ValueRefusedError(f"expected {problem}") from None
    return text


def _point(_field: Field, value: Any) -> dict[str, float]:
    if not isinstance(value, dict) or set(value) != {"lat", "lon"}:
        raise ValueRefusedError("expected a point as {lat: 52.5, lon: 13.4}")
    lat, lon = (_number(_field, value[axis]) for axis in ("lat", "lon"))
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise ValueRefusedError("expected lat within -90 to 90 and lon within -180 to 180")
    return {"lat": lat, "lon": lon}


def _object(_field: Field, _value: Any) -> Any:
    raise ValueRefusedError("an object has no value of its own; name one of its fields")


def kind_of(value: Any) -> str:
    """The JSON word for a value's kind, for messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int):
        return "a whole number"
    if isinstance(value, float):
        return "a number with a point or an exponent"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list | tuple) else "an object"


_CANONICAL = {
    "keyword": _string,
    "text": _string,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "date": _date,
    "day": _day,
    "geo_point": _point,
    "object": _object,
}
