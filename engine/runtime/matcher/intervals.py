"""Sets of ordered values as half-open intervals between cuts.

An interval begins with one cut and ends before the other; None stands for no bound. An inclusive
end is written as the next value: the next whole number, the next double, or the text followed by U+0000.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf, nextafter
from typing import Any, TypeAlias

from ...ir.predicate import Bounds, Leaf, Now
from .rows import Literal

Cut: TypeAlias = Any
Intervals = list[tuple[Cut, Cut]]
Limits = tuple[Cut, Cut]
EXACT = 2**53  # beyond it there are whole numbers between neighbouring doubles


def number_limits(bounds: Bounds, kind: str) -> Limits | None:
    """The cuts of constant bounds on a field of that type, or None where no cut is exact."""
    lower, upper = bounds.lower, bounds.upper
    low = None if lower is None else _cut(lower, kind, after=not bounds.lower_inclusive)
    high = None if upper is None else _cut(upper, kind, after=bounds.upper_inclusive)
    if (lower is not None and low is None) or (upper is not None and high is None):
        return None
    return low, high


def _cut(value: float | str | Now, kind: str, *, after: bool) -> Cut | None:
    if isinstance(value, str):
        return value + "\0" if after else value
    if isinstance(value, Now):
        return None
    if kind == "integer":
        return value + after if isinstance(value, int) else None
    if not -EXACT < value < EXACT:
        return None
    return nextafter(float(value), inf) if after else float(value)


def relative_limits(bounds: Bounds) -> Limits:
    """The cuts of bounds relative to now by milliseconds, in milliseconds after now."""
    lower, upper = bounds.lower, bounds.upper
    low = lower.amount + (not bounds.lower_inclusive) if isinstance(lower, Now) else None
    high = upper.amount + bounds.upper_inclusive if isinstance(upper, Now) else None
    return low, high


def bound_limits(bounds: Bounds, bind: Callable[[Now], str]) -> Limits:
    """The cuts of bounds relative to now by calendar units, once they are bound."""
    lower, upper = bounds.lower, bounds.upper
    low = bind(lower) + "\0" * (not bounds.lower_inclusive) if isinstance(lower, Now) else None
    high = bind(upper) + "\0" * bounds.upper_inclusive if isinstance(upper, Now) else None
    return low, high


def intersection(parts: Iterable[tuple[Limits, bool]]) -> Intervals:
    """The values inside every positive and outside every negative part, in order and without empty intervals."""
    found: Intervals = [(None, None)]
    for (low, high), positive in parts:
        found = _cut_out(found, low, high) if positive else _left_over(found, low, high)
    return found


def _cut_out(intervals: Intervals, low: Cut, high: Cut) -> Intervals:
    found = []
    for start, end in intervals:
        first = start if low is None or (start is not None and start >= low) else low
        last = end if high is None or (end is not None and end <= high) else high
        if first is None or last is None or first < last:
            found.append((first, last))
    return found


def _left_over(intervals: Intervals, low: Cut, high: Cut) -> Intervals:
    if low is not None and high is not None and low >= high:
        return intervals
    before = [] if low is None else _cut_out(intervals, None, low)
    return before if high is None else before + _cut_out(intervals, high, None)


def bounds_of(literal: Literal) -> Bounds:
    """The bounds of a range literal."""
    leaf = literal.item
    if not isinstance(leaf, Leaf) or not isinstance(leaf.value, Bounds):
        raise TypeError("a literal without bounds")
    return leaf.value
