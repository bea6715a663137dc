"""Columns for ranges that begin or end with a local day: they change at midnight, and only then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from ...ir.binding import bind_instant
from ...ir.predicate import Bounds, Now
from ...ir.zones import local_day
from ..codegen.source import Source
from .bits import Bits
from .columns import Lookup
from .intervals import bound_limits
from .order import Order
from .reading import missing_aware

Parts = tuple[tuple[Bounds, bool], ...]
Group = tuple[Parts, list[int]]


class Calendar:
    """Ranges bound to local days; the masks are recomputed when the day changes in one of the zones.

    Rows with the same ranges are one group, so the time to recompute them depends on the number of different ranges.
    """

    __slots__ = ("_bits", "_groups", "_kept", "_missing", "_path", "_zones")

    def __init__(self, path: str, rows: Mapping[int, Sequence[tuple[Bounds, bool]]]) -> None:
        self._path = path
        groups: dict[Parts, list[int]] = defaultdict(list)
        for row, parts in rows.items():
            groups[tuple(parts)].append(row)
        self._groups = list(groups.items())
        limits = [limit for parts in groups for bounds, _ in parts for limit in (bounds.lower, bounds.upper)]
        self._zones = sorted({limit.zone for limit in limits if isinstance(limit, Now)})
        self._kept: tuple[list[date], Callable[[Any], int]] | None = None

    @property
    def mask_count(self) -> int:
        """At most two cuts for each different range."""
        return 2 * len(self._groups) + 1

    def fill(self, bits: Bits, allowed: int) -> None:  # noqa: ARG002 - as many masks as different ranges, which are few
        """See `Column`."""
        self._bits = bits
        absent = [row for parts, rows in self._groups if any(positive for _, positive in parts) for row in rows]
        self._missing = bits.every ^ bits.of(absent)

    def mask(self, value: Any, now_ms: int) -> int:
        """The mask for a present value when the clock says `now_ms`."""
        today = [local_day(now_ms, zone) for zone in self._zones]
        kept = self._kept
        if kept is None or kept[0] != today:
            kept = self._kept = (today, self._bind(now_ms))
        return kept[1](value)

    def _bind(self, now_ms: int) -> Callable[[Any], int]:
        def bind(limit: Now) -> str:
            return bind_instant(limit, now_ms)

        rows = {}
        for parts, group in self._groups:
            limits = [(bound_limits(bounds, bind), positive) for bounds, positive in parts]
            rows.update(dict.fromkeys(group, limits))
        order = Order(self._path, rows)
        order.fill(self._bits, self.mask_count)
        return order.mask

    def fast(self, source: Source) -> Lookup:
        """A call: not worth a special case."""
        return self.careful(source)

    def careful(self, source: Source) -> Lookup:
        """A call, None standing for a missing value."""
        lines = (f"v = {missing_aware(self._path)}",)
        return Lookup(lines, f"({source.bind(self._missing)} if v is None else {source.bind(self.mask)}(v, now_ms))")
