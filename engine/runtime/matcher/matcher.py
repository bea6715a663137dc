"""The matcher: for few segments one generated function, for many an index of bit masks; the answers are the same."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from typing import Any, Literal

from ...ir.predicate import Predicate
from ...ir.walk import fields, leaf_count
from .bits import MEMORY
from .checks import Checks
from .fused import fuse
from .moment import Event
from .plain import Match

FUSED_SEGMENTS = 192  # above, the index is faster
FUSED_LEAVES = 2_048  # and Python's compiler slow

Strategy = Literal["fused", "indexed"]


class Matcher:
    """Matches canonical profiles against named predicates.

    `lists` are the MemberLists by name, `key` is the profile's key field. `memory` bounds the bytes of the index's
    masks; beyond it look-ups get slower, never wrong. `strategy` overrules the choice between the two ways.

    `match(profile, now_ms, events=())` returns the sorted names of the segments that the profile belongs to. The
    profile is canonical (see `engine.runtime.border`), `events` are the customer's canonical events in event order.
    It is an attribute, the generated function itself, and may be called from several threads.
    """

    __slots__ = ("_predicates", "_reading", "match", "names", "strategy")

    match: Match

    def __init__(
        self,
        segments: Iterable[tuple[str, Predicate]],
        lists: Mapping[str, Container[str]],
        key: str,
        *,
        memory: int = MEMORY,
        strategy: Strategy | None = None,
    ) -> None:
        ordered = sorted(segments, key=lambda segment: segment[0])
        self.names: tuple[str, ...] = tuple(name for name, _ in ordered)
        self._predicates = dict(ordered)
        if len(self._predicates) < len(ordered):
            raise ValueError("two segments have the same name")
        self._reading: dict[str, list[str]] | None = None
        self.strategy: Strategy = strategy or _choose_strategy(ordered)
        checks = Checks(lists, key)
        self.match = fuse(ordered, checks) if self.strategy == "fused" else _match_by_index(ordered, checks, memory)

    def bind(self, now_ms: int) -> Callable[..., list[str]]:
        """`match` at a fixed time: a function of the profile and, if there are any, its events."""
        match = self.match

        def match_now(profile: Mapping[str, Any], events: Sequence[Event] = ()) -> list[str]:
            return match(profile, now_ms, events)

        return match_now

    def names_reading(self, changed: Collection[str]) -> list[str]:
        """The sorted names of the segments that read one of these top-level profile fields."""
        if self._reading is None:
            reading: dict[str, list[str]] = {}
            for name, predicate in self._predicates.items():
                for field in fields(predicate):
                    reading.setdefault(field, []).append(name)
            self._reading = reading
        return sorted({name for field in changed for name in self._reading.get(field, ())})


def _match_by_index(segments: Sequence[tuple[str, Predicate]], checks: Checks, memory: int) -> Match:
    from .index import index_match  # most programs have too few segments to need it

    return index_match(segments, checks, memory=memory)


def _choose_strategy(segments: Sequence[tuple[str, Predicate]]) -> Strategy:
    if len(segments) > FUSED_SEGMENTS:
        return "indexed"
    leaves = 0
    for _, predicate in segments:
        leaves += leaf_count(predicate)
        if leaves > FUSED_LEAVES:
            return "indexed"
    return "fused"
