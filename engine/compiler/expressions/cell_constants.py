"""Constants of table cells, in the type of their column."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from ...ir.cells import CellConstant
from ...ir.expression import ValueType
from ...ir.types import KEYWORD_LIMIT
from ...operators.values import kind_of
from . import literals
from .literals import ConstantRefusedError

Scalar: TypeAlias = "str | int | float | bool"
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")


def parse_constant(text: str, column: ValueType) -> CellConstant:
    """The constant of a text inside a cell: a word, a number, an instant, or text in quotes of its own.

    Raises ConstantRefusedError.
    """
    if _QUOTED.fullmatch(text):
        return constant_of(text[1:-1], column)
    if column.kind in {"integer", "float"}:
        return _number(text, column)
    if column.kind == "boolean":
        if text not in {"true", "false"}:
            raise ConstantRefusedError("is text; expected true or false")
        return text == "true"
    return constant_of(text, column)


def _number(text: str, column: ValueType) -> CellConstant:
    if _INTEGER.fullmatch(text):
        return constant_of(int(text), column)
    if _NUMBER.fullmatch(text):
        return constant_of(float(text), column)
    raise ConstantRefusedError(f"is text; expected {_EXPECTED[column.kind]}")


def constant_of(value: Scalar, column: ValueType) -> CellConstant:
    """The constant of a YAML scalar. Raises ConstantRefusedError."""
    return _GIVEN[column.kind](value, column)


def _text(value: Scalar, column: ValueType) -> CellConstant:
    if not isinstance(value, str):
        raise ConstantRefusedError(f"is {kind_of(value)}; expected text", f'write `"{_yaml(value)}"` in quotes')
    if len(value) > KEYWORD_LIMIT:
        raise ConstantRefusedError(f"has {len(value):,} characters; expected at most {KEYWORD_LIMIT:,}")
    return _keep(literals.string(value, lowercase=column.normalize == "lowercase").value)


def _yaml(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _float(value: Scalar, _column: ValueType) -> CellConstant:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConstantRefusedError(f"is {kind_of(value)}; expected a number")
    try:
        return _keep(literals.real(float(value)).value)
    except OverflowError:
        raise ConstantRefusedError("is beyond the range of doubles") from None


def _integer(value: Scalar, _column: ValueType) -> CellConstant:
    if isinstance(value, bool) or not isinstance(value, int):
        help_ = ""
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
            help_ = f"write `{int(value)}`"
        raise ConstantRefusedError(f"is {kind_of(value)}; expected a whole number without point or exponent", help_)
    return _keep(literals.integer(value).value)


def _boolean(value: Scalar, _column: ValueType) -> CellConstant:
    if not isinstance(value, bool):
        raise ConstantRefusedError(f"is {kind_of(value)}; expected true or false")
    return value


def _instant(value: Scalar, _column: ValueType) -> CellConstant:
    if not isinstance(value, str):
        raise ConstantRefusedError(f"is {kind_of(value)}; expected an instant with a zone, as 2026-03-01T09:30:00Z")
    try:
        return _keep(literals.instant(value).value)
    except ConstantRefusedError as problem:
        whole = literals.complete_instant(value)
        help_ = "" if whole is None else f"write `{whole}` for UTC, or another zone, as +01:00"
        raise ConstantRefusedError(str(problem), help_) from None


def _keep(value: CellConstant | None) -> CellConstant:
    if value is None:
        raise AssertionError("a constant of a cell has a value")
    return value


_EXPECTED = {"integer": "a whole number", "float": "a number"}
_GIVEN: dict[str, Callable[[Scalar, ValueType], CellConstant]] = {
    "string": _text,
    "float": _float,
    "integer": _integer,
    "boolean": _boolean,
    "datetime": _instant,
}
