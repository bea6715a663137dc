"""Which Python function carries out which operation, by name and by the types it works on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...ir.expression import Arithmetic, ArithmeticName, Call, FunctionName, Kind
from . import instants, numbers, texts

Function = Callable[..., Any]

INTEGERS: dict[ArithmeticName, Function] = {
    "+": numbers.add_integers,
    "-": numbers.subtract_integers,
    "*": numbers.multiply_integers,
    "//": numbers.floor_divide_integers,
    "%": numbers.remainder_integers,
    "**": numbers.power_integers,
}
FLOATS: dict[ArithmeticName, Function] = {
    "+": numbers.add_floats,
    "-": numbers.subtract_floats,
    "*": numbers.multiply_floats,
    "/": numbers.divide,
    "//": numbers.floor_divide_floats,
    "%": numbers.remainder_floats,
    "**": numbers.power_floats,
}
SPANS: dict[ArithmeticName, Function] = {"+": instants.add_spans, "-": instants.subtract_spans}
BY_NAME: dict[FunctionName, Function] = {
    "length": texts.length,
    "is_empty": texts.is_empty,
    "as_lower": texts.lower,
    "as_upper": texts.upper,
    "starts_with": texts.begins,
    "ends_with": texts.ends,
    "floor": numbers.floor_of,
    "ceiling": numbers.ceiling_of,
    "date": instants.start_of_day,
    "year": instants.year,
    "month": instants.month,
    "day": instants.day,
    "hour": instants.hour,
    "minute": instants.minute,
    "second": instants.second,
    "millisecond": instants.millisecond,
    "weekday": instants.weekday,
    "to_epoch": instants.epoch,
    "days": instants.whole_days,
    "total_seconds": instants.seconds,
    "abs": numbers.absolute,
    "min": numbers.least,
    "max": numbers.greatest,
    "any": texts.some,
    "all": texts.every,
}
SUMS: dict[Kind, Function] = {"integer": numbers.sum_integers, "float": numbers.sum_floats}


def function_of(call: Call) -> Function:
    """The function of a call."""
    return SUMS[call.type.kind] if call.function == "sum" else BY_NAME[call.function]


def number_operation(expression: Arithmetic) -> Function:
    """The function of an operation that yields a number."""
    table = INTEGERS if expression.type.kind == "integer" else FLOATS
    return table[expression.op]
