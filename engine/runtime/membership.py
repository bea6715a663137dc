"""Segments in a decision: answers that were given or found by matching, recorded as they are used."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .ports import SegmentMatcher


class Given(dict[str, bool]):
    """Answers from a given membership, recorded as they are used."""

    __slots__ = ("_names",)

    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    def __missing__(self, segment: str) -> bool:
        held = self[segment] = segment in self._names
        return held


class Matched(dict[str, bool]):
    """Answers by matching the profile, one segment at a time."""

    __slots__ = ("_matcher", "_now", "_profile")

    def __init__(self, matcher: SegmentMatcher, profile: Mapping[str, Any], now: str) -> None:
        self._matcher, self._profile, self._now = matcher, profile, now

    def __missing__(self, segment: str) -> bool:
        held = self[segment] = self._matcher.holds(segment, self._profile, self._now)
        return held


class MatchedAtOnce(Matched):
    """As `Matched`, for rulesets that may ask for many segments: the first question matches all of them."""

    __slots__ = ("_names",)

    def __init__(self, matcher: SegmentMatcher, profile: Mapping[str, Any], now: str) -> None:
        super().__init__(matcher, profile, now)
        self._names: Collection[str] | None = None

    def __missing__(self, segment: str) -> bool:
        if self._names is None:
            self._names = frozenset(self._matcher.match(self._profile, self._now))
        held = self[segment] = segment in self._names
        return held


AT_ONCE = 24  # segments that a ruleset may ask for from which one match of all is the cheaper way
