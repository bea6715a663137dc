"""Constants that authors write in nodes, in the form of what they stand for."""

from __future__ import annotations

from typing import Any

from ..ir.expression import BOOLEAN, FLOAT, INTEGER, Expression, Value, ValueType
from ..ir.types import Field
from ..operators.values import INTEGER_MAX, INTEGER_MIN, ValueRefusedError, canonical, kind_of
from .scope import suggestion


def given_value(value: Any, expected: ValueType | None) -> tuple[Expression | None, str]:
    """A number, true or false as an expression, or None and what is wrong with it."""
    kind = BOOLEAN if isinstance(value, bool) else INTEGER if isinstance(value, int) else FLOAT
    shown = str(value).lower() if kind is BOOLEAN else str(value)
    if expected is not None and expected.kind == "float" and kind is INTEGER:
        value, kind = float(value), FLOAT
    if expected is not None and expected.kind not in {kind.kind, "any"}:
        return None, f"`{shown}` is {kind_of(value)}; {expected} was expected"
    if kind is INTEGER and not INTEGER_MIN <= value <= INTEGER_MAX:
        return None, f"`{shown}` has more than 64 bits"
    return Value(value + 0.0 if kind is FLOAT else value, kind), ""


def constant_of(value: Any, wanted: Field) -> tuple[Any, str]:
    """The canonical value of a declared field, lists as tuples, or None and what is wrong with it."""
    if isinstance(value, list | tuple):
        if not wanted.many:
            return None, f"`{wanted.name}` is declared {wanted.type}; a list was found"
        found = []
        for item in value:
            one, problem = _one(item, wanted)
            if problem:
                return None, problem
            found.append(one)
        return tuple(found), ""
    one, problem = _one(value, wanted)
    return ((one,) if wanted.many and not problem else one), problem


def _excerpt(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _one(value: Any, wanted: Field) -> tuple[Any, str]:
    shown = f"`{_excerpt(value)}`"
    if value is None or wanted.type in {"object", "geo_point"}:
        return None, f"`{wanted.name}` is declared {wanted.type}; {kind_of(value)} was found"
    try:
        found = canonical(wanted, value)
    except ValueRefusedError as problem:
        return None, f"{shown} does not fit `{wanted.name}`, declared {wanted.type}: {problem}"
    if wanted.values and found not in wanted.values:
        help_ = suggestion(str(found), list(wanted.values), "values")
        return None, f"{shown} is none of the values of `{wanted.name}`; {'; '.join(help_)}"
    return found, ""
