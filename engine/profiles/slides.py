"""When time alone changes an aggregate in a window, to the millisecond: whenever events leave it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, groupby
from typing import Any

from ..ir.instant import format_instant, parse_instant
from ..ir.types import AggregateName
from ..operators.aggregates import Value, aggregate, bounded
from .computed import Computed, Event

_FEW = 4  # changes that are looked for by counting again, which is quickest where one of the first events makes one


def changes(computed: Computed, events: Sequence[Event], now_ms: int) -> Iterator[int]:
    """The instants (ms) after now at which the aggregate takes another value, in order, if no other event comes.

    The events are canonical and in event order; those in the future of now do not count. For an aggregate without a
    window there is no such instant.
    """
    source = computed.source
    if source.within is None:
        return
    times: list[str] = []
    values: list[Any] = []
    first = bisect_left(events, format_instant(now_ms - source.within), key=_time)
    for event in events[first : bisect_right(events, format_instant(now_ms), key=_time)]:
        if event["type"] == source.event:
            value = computed.said(event)
            if value is not None:
                times.append(event["time"])
                values.append(value)
    after: list[Any] | None = None
    last = aggregate(source.aggregate, values)
    gone = 0
    for number, (time, leaving) in enumerate(groupby(times)):
        gone += len(list(leaving))
        if number >= _FEW and after is None:
            after = suffixes(source.aggregate, values)
        found = aggregate(source.aggregate, values[gone:]) if after is None else after[gone]
        if found != last:
            last = found
            yield parse_instant(time) + source.within + 1


def suffixes(name: AggregateName, values: Sequence[Value]) -> list[Value | None]:
    """The aggregate of all values, of all but the first, and so on down to none, in one pass."""
    count, backwards = len(values), values[::-1]
    found: list[Any]
    if name == "count":
        found = list(range(1, count + 1))
    elif name == "first":
        found = list(backwards)
    elif name == "last":
        found = [values[-1]] * count if values else []
    elif name in {"min", "max"}:
        found = list(accumulate(backwards, min if name == "min" else max))
    elif name == "distinct":
        seen: set[Value] = set()
        found = [len(seen) for each in backwards if seen.add(each) is None]  # type: ignore[func-returns-value]
    elif name == "sum" and all(isinstance(each, int) for each in values):
        found = [bounded(total) for total in accumulate(int(each) for each in backwards)]
    else:
        exact = accumulate(Fraction(float(each)) for each in backwards)  # of doubles, rounded but once
        sums = [_rounded(total) for total in exact]
        found = sums if name == "sum" else [total if total is None else total / n for n, total in enumerate(sums, 1)]
    return [*found[::-1], aggregate(name, [])]


def _rounded(total: Fraction) -> float | None:
    try:
        return float(total) + 0.0
    except OverflowError:
        return None


def _time(event: Event) -> str:
    time: str = event["time"]
    return time
