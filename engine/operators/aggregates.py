"""Aggregates of event values, the same wherever events are counted: in profiles, segments and metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..ir.types import AggregateName
from .values import INTEGER_MAX, INTEGER_MIN

Value = str | int | float | bool


def aggregate(name: AggregateName, values: Sequence[Value]) -> Value | None:
    """The aggregate of present values in event order; None (missing) for min, max, avg, first, last of nothing.

    count, sum and distinct of nothing are 0. Whole numbers are summed exactly and are missing beyond 64 bits; doubles
    are summed by `math.fsum`, so that the order of events does not change the sum.
    """
    if name == "count":
        return len(values)
    if name == "distinct":
        return len(set(values))
    if not values:
        return 0 if name == "sum" else None
    if name == "first":
        return values[0]
    if name == "last":
        return values[-1]
    if name == "min":
        return min(values)
    if name == "max":
        return max(values)
    return _sum(values) if name == "sum" else _average(values)


def _sum(values: Sequence[Value]) -> int | float | None:
    if all(isinstance(value, int) for value in values):
        return within_64_bits(sum(int(value) for value in values))
    return exact_sum(values)


def within_64_bits(total: int) -> int | None:
    """A sum of whole numbers; None (missing) beyond 64 bits."""
    return total if INTEGER_MIN <= total <= INTEGER_MAX else None


def _average(values: Sequence[Value]) -> float | None:
    total = exact_sum(values)
    return None if total is None else total / len(values)


def exact_sum(values: Sequence[Value]) -> float | None:
    """The sum of numbers as a double, rounded once; None (missing) beyond the range of doubles."""
    try:
        total = math.fsum(float(value) for value in values)
    except OverflowError:
        return None
    return total + 0.0 if math.isfinite(total) else None
