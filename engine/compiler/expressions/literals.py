"""Constants as they are written, made canonical."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import NoReturn

from ...ir.expression import DATETIME, FLOAT, INTEGER, STRING, TIMEDELTA, Value
from ...ir.instant import InstantError, canonical_instant
from ...operators.strings import StringRefusedError, normalize_keyword
from ...operators.values import INTEGER_MAX, INTEGER_MIN
from ...runtime.expressions.instants import SPAN_LIMIT

_BASES = {"0x": 16, "0o": 8, "0b": 2}
_DIGITS = re.compile(r"-?[0-9]+", re.ASCII)
_PART = r"(?:([0-9]+(?:[.,][0-9]+)?){})?"
_SPAN = re.compile(
    "P" + "".join(_PART.format(unit) for unit in "WD") + "(?:T" + "".join(_PART.format(unit) for unit in "HMS") + ")?",
    re.ASCII,
)
_UNITS = (604_800_000, 86_400_000, 3_600_000, 60_000, 1_000)


class ConstantRefusedError(ValueError):
    """The constant cannot be kept; the message says what was expected, `help` what to write."""

    def __init__(self, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.help = (help_,) if help_ else ()


def number(text: str, *, negative: bool = False) -> Value:
    """An integer, or a double for a text with a point or an exponent. Raises ConstantRefusedError."""
    sign = "-" if negative else ""
    if text[:2] in _BASES:
        return integer(int(f"{sign}{text[2:]}", _BASES[text[:2]]))
    if _DIGITS.fullmatch(text):
        if text.startswith("0") and len(text) > 1:
            raise ConstantRefusedError("begins with a zero", f"write `{text.lstrip('0') or '0'}`")
        return integer(int(f"{sign}{text}"))
    if re.match("0[0-9]", text):
        raise ConstantRefusedError("begins with a zero", f"write `{text.lstrip('0')}`")
    return real(float(f"{sign}{text}"))


def integer(value: int) -> Value:
    """The constant. Raises ConstantRefusedError beyond 64 bits."""
    if not INTEGER_MIN <= value <= INTEGER_MAX:
        raise ConstantRefusedError(
            "is beyond 64 bits", "write it with a decimal point or exponent, such as `1e20`, for a double"
        )
    return Value(value, INTEGER)


def real(value: float) -> Value:
    """The constant, with one zero. Raises ConstantRefusedError when it is not finite."""
    if not math.isfinite(value):
        raise ConstantRefusedError("is beyond the range of doubles")
    return Value(value + 0.0, FLOAT)


def string(text: str, *, lowercase: bool = False) -> Value:
    """The constant in NFC. Raises ConstantRefusedError for text that cannot be stored."""
    try:
        return Value(normalize_keyword(text, lowercase), STRING)
    except StringRefusedError as problem:
        raise ConstantRefusedError(f"cannot be stored: {problem}") from None


def instant(text: str) -> Value:
    """The canonical instant. Raises ConstantRefusedError."""
    try:
        return Value(canonical_instant(text), DATETIME)
    except InstantError as problem:
        whole = complete_instant(text)
        help_ = "" if whole is None else f'write `d"{whole}"` for UTC, or another zone, as +01:00'
        raise ConstantRefusedError(f"is not {problem}", help_) from None


def complete_instant(text: str) -> str | None:
    """An instant in UTC that begins with this text, where only its end is missing."""
    for ending in ("", "Z", ":00Z", "T00:00:00Z"):
        try:
            canonical_instant(text + ending)
        except InstantError:
            continue
        return text + ending
    return None


def span(text: str) -> Value:
    """A timedelta in milliseconds. Raises ConstantRefusedError."""
    found = _SPAN.fullmatch(text)
    if found is None or not any(found.groups()):
        _refuse_span()
    total = sum(
        (Decimal(part.replace(",", ".")) * unit for part, unit in zip(found.groups(), _UNITS, strict=True) if part),
        Decimal(),
    )
    if total != total.to_integral_value():
        raise ConstantRefusedError("is finer than milliseconds")
    if total > SPAN_LIMIT:
        raise ConstantRefusedError("is longer than the calendar, the years 1 to 9999")
    return Value(int(total), TIMEDELTA)


def _refuse_span() -> NoReturn:
    raise ConstantRefusedError('is not a duration, as t"P30D", t"PT12H" or t"P1DT30M"')
