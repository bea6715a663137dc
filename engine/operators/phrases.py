"""Expressions, cells and values as text, close to how authors write them."""

from __future__ import annotations

import json
from typing import assert_never

from ..ir.cells import AnyValue, Cell, Equals, Missing, Negated, OneOf, Range
from ..ir.expression import (
    Arithmetic,
    ArrayOf,
    Call,
    Clock,
    Coalesce,
    Collect,
    Compare,
    Conditional,
    Contains,
    Expression,
    InSegment,
    IsMissing,
    ItemOf,
    Local,
    Logic,
    Matches,
    Member,
    Minus,
    Name,
    Negation,
    SliceOf,
    ToFloat,
    Value,
)
from ..ir.graph import CellValue

VALUES_SHOWN = 6
EXACT = 2**53


def cell_text(cell: Cell | None) -> str:
    """What a cell asks for: `*`, `US, CA`, `>= 5`, `5 to 10`, `missing`, `not US`."""
    match cell:
        case None | AnyValue():
            return "*"
        case Equals(value):
            return value_text(value)
        case OneOf(values):
            return _row(values)
        case Range():
            return _range_text(cell)
        case Missing():
            return "missing"
        case Negated(Missing()):
            return "present"
        case Negated(test):
            return f"not {cell_text(test)}"
    assert_never(cell)


def value_text(value: CellValue) -> str:
    """A constant of a table: text as it is, lists in brackets, nothing as `–`."""
    if value is None:
        return "–"
    if isinstance(value, tuple):
        return f"[{_row(value)}]"
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    return value if isinstance(value, str) and value.isprintable() else json.dumps(value)


def _row(values: tuple[str | int | float | bool, ...]) -> str:
    shown = [value_text(value) for value in values[:VALUES_SHOWN]]
    if len(values) > VALUES_SHOWN:
        shown.append(f"{len(values) - VALUES_SHOWN:,} more")
    return ", ".join(shown)


def _range_text(cell: Range) -> str:
    sides = []
    if cell.lower is not None:
        sides.append(f"{'>=' if cell.lower_inclusive else '>'} {value_text(cell.lower)}")
    if cell.upper is not None:
        sides.append(f"{'<=' if cell.upper_inclusive else '<'} {value_text(cell.upper)}")
    return " and ".join(sides) or "present"


def expression_text(expression: Expression) -> str:  # noqa: C901, PLR0911, PLR0912 - one case for each class
    """The expression in the language it was written in, fully bracketed."""
    match expression:
        case Value(value):
            return json.dumps(value, ensure_ascii=False)
        case Name(root, path):
            return ".".join((root, *path))
        case Local(name):
            return name
        case InSegment(segment):
            return f"in_segment('{segment}')"
        case Clock():
            return "now()"
        case Compare(op, left, right) | Arithmetic(op, left, right):
            return f"{_part(left)} {op} {_part(right)}"
        case Logic(op, items):
            return f" {op} ".join(_part(item) for item in items)
        case Negation(IsMissing(item)):
            return f"{_part(item)} != null"
        case Negation(item):
            return f"not {_part(item)}"
        case IsMissing(item):
            return f"{_part(item)} == null"
        case Contains(container, item):
            return f"{_part(item)} in {_part(container)}"
        case Matches(item, pattern):
            return f"{_part(item)} =~ {json.dumps(pattern, ensure_ascii=False)}"
        case Conditional(condition, then, otherwise):
            return f"{_part(condition)} ? {_part(then)} : {_part(otherwise)}"
        case Coalesce(left, right):
            return f"{_part(left)} ?? {_part(right)}"
        case Minus(item):
            return f"-{_part(item)}"
        case ToFloat(item):
            return expression_text(item)
        case ArrayOf(items):
            return f"[{', '.join(expression_text(item) for item in items)}]"
        case ItemOf(container, index):
            return f"{_part(container)}[{expression_text(index)}]"
        case SliceOf(container, start, stop):
            sides = ["" if side is None else expression_text(side) for side in (start, stop)]
            return f"{_part(container)}[{':'.join(sides)}]"
        case Call(function, arguments):
            return f"{function}({', '.join(expression_text(argument) for argument in arguments)})"
        case Member(object_, name):
            return f"{_part(object_)}.{name}"
        case Collect(local, source, body, _, condition):
            rest = "" if condition is None else f" if {expression_text(condition)}"
            return f"[{expression_text(body)} for {local.name} in {_part(source)}{rest}]"
    assert_never(expression)


_ATOMS = (Value, Name, Local, InSegment, Clock, ArrayOf, ItemOf, SliceOf, Call, Member, Collect)


def _part(expression: Expression) -> str:
    text = expression_text(expression)
    inner = expression.item if isinstance(expression, ToFloat) else expression
    return text if isinstance(inner, _ATOMS) else f"({text})"
