"""Matching without any index: one closure per segment, the measure of all other ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from ...ir.predicate import Predicate
from .checks import Checks
from .moment import Clock, Event, Moment

Segment: TypeAlias = tuple[str, Predicate]


class Match(Protocol):
    """From a canonical profile to the sorted names of the segments it belongs to."""

    def __call__(self, profile: Mapping[str, Any], now_ms: int, events: Sequence[Event] = ..., /) -> list[str]:
        """The names; `events` are the customer's, in event order."""
        ...


def plain(segments: Sequence[Segment], checks: Checks) -> Match:
    """The match function of segments in name order; closures are built when it is first called."""
    tests = None

    def match(profile: Mapping[str, Any], now_ms: int, events: Sequence[Event] = (), /) -> list[str]:
        nonlocal tests
        if tests is None:
            tests = [(name, checks.of(predicate)) for name, predicate in segments]
        moment = Moment(Clock(now_ms), events)
        return [name for name, test in tests if test(profile, moment)]

    return match
