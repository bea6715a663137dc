"""What a plain scalar means: YAML 1.2's core schema, and where YAML 1.1 reads another thing."""

from __future__ import annotations

import math
import re
from types import MappingProxyType
from typing import Any

INT_BITS = 63
_LONGEST_DECIMAL = 20

SPECIAL = frozenset("0123456789+-.~nNtTfFyYoO=<")
"""First characters of plain scalars that may be something else than plain text."""

WORDS = MappingProxyType(
    {
        **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
        **dict.fromkeys(["true", "True", "TRUE"], True),
        **dict.fromkeys(["false", "False", "FALSE"], False),
    }
)
"""Plain scalars that are null or booleans."""

AMBIGUOUS_WORDS = MappingProxyType(
    {
        **dict.fromkeys(["yes", "Yes", "YES", "on", "On", "ON", "y", "Y"], "`true`"),
        **dict.fromkeys(["no", "No", "NO", "off", "Off", "OFF", "n", "N"], "`false`"),
        "=": "the default value of a mapping",
        "<<": "a merge key",
    }
)
"""Plain scalars that YAML 1.1 reads as something else than text, and what as."""

_NUMBER = re.compile(
    r"""
      (?P<decimal> [-+]?(?:0|[1-9][0-9]*) )
    | (?P<octal>   0o[0-7]+ )
    | (?P<hex>     0x[0-9a-fA-F]+ )
    | (?P<zero>    [-+]?0[0-9]+ )
    | (?P<float>   [-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)? )
    | (?P<endless> [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN) )
    | (?P<old>     [-+]?(?: 0b[01_]+ | 0[0-7_]+ | 0x[0-9a-fA-F_]+ | [1-9][0-9_]* | [1-9][0-9_]*(?: :[0-5]?[0-9])+
                          | [0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)? | [0-9][0-9_]*(?: :[0-5]?[0-9])+\.[0-9_]* )
                   | \.[0-9][0-9_]*(?:[eE][-+][0-9]+)? )
    """,
    re.VERBOSE,
)


def resolve(text: str) -> tuple[Any, str]:
    """The value of a plain scalar, and the code of what is to be said about it, or "".

    >>> resolve("1e3"), resolve("true"), resolve("2025-12-15")
    ((1000.0, ''), (True, ''), ('2025-12-15', ''))
    >>> resolve("NO"), resolve("0777"), resolve("22:22")
    (('NO', 'Y010'), ('0777', 'Y010'), ('22:22', 'Y010'))

    A whole number with leading zeros stays text: YAML 1.1 reads it in base 8, YAML 1.2 in base 10, and mostly it
    is a code that someone wrote without quotes.
    """
    if text in WORDS:
        return WORDS[text], ""
    if text in AMBIGUOUS_WORDS:
        return text, "Y010"
    found = _NUMBER.fullmatch(text)
    if not found:
        return text, ""
    return _number(text, str(found.lastgroup))


def _number(text: str, form: str) -> tuple[Any, str]:
    match form:
        case "decimal":
            return _bound_integer(int(text)) if len(text) <= _LONGEST_DECIMAL else _out(text)
        case "octal":
            return _bound_integer(int(text, 0))
        case "hex":
            return _bound_integer(int(text, 0))
        case "float":
            value = float(text)
            return (value, "") if math.isfinite(value) else (0.0, "Y013")
        case "endless":
            return 0.0, "Y013"
        case _:
            return text, "Y010"


def _bound_integer(value: int) -> tuple[int, str]:
    if -(1 << INT_BITS) <= value < 1 << INT_BITS:
        return value, ""
    return _out("-" if value < 0 else "")


def _out(text: str) -> tuple[int, str]:
    """The nearest number of 64 bits stands in, so that later stages see the type that was meant."""
    return (-(1 << INT_BITS) if text.startswith("-") else (1 << INT_BITS) - 1), "Y012"


def other_reading(text: str) -> str:
    """What a reader of YAML 1.1 takes an ambiguous plain scalar for, in words."""
    if text in AMBIGUOUS_WORDS:
        return AMBIGUOUS_WORDS[text]
    if ":" in text:
        return "a number in base 60"
    if "_" not in text and re.fullmatch(r"[-+]?0[0-7]+", text):
        return "a number in base 8"
    return "a number"
