from __future__ import annotations

from math import inf, nextafter

import pytest

from engine.ir.predicate import Bounds, Now
from engine.runtime.matcher.intervals import Intervals, Limits, intersection, number_limits


@pytest.mark.parametrize(
    "bounds, kind, limits",
    [
        (Bounds(3, 5), "integer", (3, 6)),
        (Bounds(3, 5, lower_inclusive=False, upper_inclusive=False), "integer", (4, 5)),
        (Bounds(1.5, None, lower_inclusive=False), "number", (nextafter(1.5, inf), None)),
        (Bounds(None, 1.5), "number", (None, nextafter(1.5, inf))),
        (Bounds("2026-01-01T00:00:00.000Z", None), "date", ("2026-01-01T00:00:00.000Z", None)),
        (Bounds(None, "b"), "date", (None, "b\0")),
        (Bounds(2.0**53, None), "number", None),  # 2^53 + 1 lies between it and the next double
        (Bounds(1.5, None), "integer", None),
        (Bounds(Now(), None), "date", None),
    ],
)
def test_bounds_become_exact_cuts_or_none(bounds: Bounds, kind: str, limits: Limits | None) -> None:
    assert number_limits(bounds, kind) == limits


@pytest.mark.parametrize(
    "parts, intervals",
    [
        ([], [(None, None)]),
        ([((1, 5), True), ((3, None), True)], [(3, 5)]),
        ([((1, 5), True), ((5, None), True)], []),
        ([((1, 5), False)], [(None, 1), (5, None)]),
        ([((1, 5), False), ((3, 8), False)], [(None, 1), (8, None)]),
        ([((5, 1), True)], []),
        ([((5, 1), False)], [(None, None)]),
        ([((None, None), True)], [(None, None)]),
        ([((None, None), False)], []),
        ([((0, 9), True), ((2, 4), False)], [(0, 2), (4, 9)]),
    ],
)
def test_intervals_are_those_inside_every_positive_and_outside_every_negative_part(
    parts: list[tuple[Limits, bool]], intervals: Intervals
) -> None:
    assert intersection(parts) == intervals
