"""When time alone changes an aggregate in a window, to the millisecond: whenever events leave it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Any

from ..ir.instant import format_instant, parse_instant
from ..ir.types import AggregateName
from ..operators.aggregates import Value, aggregate, within_64_bits
from ..runtime.computed import Computed, Event

_FEW = 4  # changes that are looked for by counting again, which is quickest where one of the first events makes one


def changes(computed: Computed, own: Sequence[Event], now_ms: int) -> Iterator[tuple[int, Any]]:
    """The instants (ms) after now at which the aggregate has another result, in order, with the field's value then.

    None is a missing value. `own` are the events of the aggregate's type, canonical, in event order, none after now.
    For an aggregate without a window there is no such instant.
    """
    source = computed.source
    if source.within is None or not own:
        return
    since = format_instant(now_ms - source.within)
    if own[0]["time"] < since:
        own = own[bisect_left(own, since, key=_time) :]
    times, values = computed.contributions(own)
    after: list[Any] | None = None
    last = aggregate(source.aggregate, values)
    count, looks = len(times), 0
    for gone, time in enumerate(times, 1):
        if gone < count and times[gone] == time:
            continue
        if looks == _FEW:
            after = suffixes(source.aggregate, values)
        looks += 1
        found = aggregate(source.aggregate, values[gone:]) if after is None else after[gone]
        if found != last:
            last = found
            yield parse_instant(time) + source.within + 1, computed.accept(found)


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
        found = [within_64_bits(total) for total in accumulate(int(each) for each in backwards)]
    else:
        exact = accumulate(Fraction(float(each)) for each in backwards)  # of doubles, rounded but once
        sums = [_round(total) for total in exact]
        found = sums if name == "sum" else [total if total is None else total / n for n, total in enumerate(sums, 1)]
    return [*found[::-1], aggregate(name, [])]


def _round(total: Fraction) -> float | None:
    try:
        return float(total) + 0.0
    except OverflowError:
        return None


def _time(event: Event) -> str:
    time: str = event["time"]
    return time
