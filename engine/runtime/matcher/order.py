"""Ordered columns: ranges of numbers and instants, absolute or relative to now."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ..codegen.source import Source
from .bits import Bits
from .columns import Lookup
from .intervals import Cut, Limits, intersection
from .moment import MILLISECOND, moment_of
from .reading import direct, missing_aware

SPAN = 4_096  # whole numbers that a table may hold one by one, or 64 for each row

Parts = Sequence[tuple[Limits, bool]]


class Order:
    """Ranges, positive or negated, on a field with one value: the masks between all their cuts.

    Where memory does not allow a mask after every cut there is one after every so many, and the rows in between are
    changed one by one.
    """

    __slots__ = ("_bits", "_changes", "_cuts", "_first", "_flat", "_masks", "_missing", "_path", "_starts", "_step")

    def __init__(self, path: str, rows: Mapping[int, Parts]) -> None:
        self._path = path
        self._first: list[int] = []  # rows that do not hold before the first cut
        absent: list[int] = []  # rows that do not hold for a missing value
        changes: dict[Cut, list[int]] = defaultdict(list)
        for row, parts in rows.items():
            intervals = intersection(parts)
            if not intervals or intervals[0][0] is not None:
                self._first.append(row)
            if any(positive for _, positive in parts):
                absent.append(row)
            for cut in (cut for interval in intervals for cut in interval if cut is not None):
                changes[cut].append(row)
        self._missing: list[int] | int = absent
        self._cuts = sorted(changes)
        self._changes = changes

    @property
    def mask_count(self) -> int:
        """One mask before and after each cut."""
        return len(self._cuts) + 1

    def fill(self, bits: Bits, allowed: int) -> None:
        """See `Column`."""
        self._bits = bits
        self._step = step = -(-self.mask_count // max(1, allowed))
        mask = bits.every ^ bits.of(self._first)
        self._masks = [mask]
        self._flat: list[int] = []
        self._starts = [0]
        for number, cut in enumerate(self._cuts, 1):
            rows = self._changes[cut]
            mask ^= bits.of(rows)
            if step > 1:
                self._flat.extend(rows)
                self._starts.append(len(self._flat))
            if number % step == 0:
                self._masks.append(mask)
        if not isinstance(self._missing, int):
            self._missing = bits.every ^ bits.of(self._missing)
        self._changes, self._first = {}, []

    def mask_after(self, count: int) -> int:
        """The mask after that many cuts."""
        step = self._step
        if step == 1:
            return self._masks[count]
        near = count // step
        return self._masks[near] ^ self._bits.of(self._flat[self._starts[near * step] : self._starts[count]])

    def mask(self, value: Any) -> int:
        """The mask for a present value."""
        return self.mask_after(bisect_right(self._cuts, value))

    def fast(self, source: Source) -> Lookup:
        """A search among the cuts, or one look into a table of whole numbers."""
        value = direct(self._path)
        if self._step > 1:
            return Lookup((), f"{source.bind(self.mask)}({value})")
        cuts = self._cuts
        if (
            cuts
            and all(type(cut) is int for cut in cuts)
            and cuts[0] >= 0
            and cuts[-1] < max(SPAN, 64 * self._bits.count)
        ):
            table = [self.mask(number) for number in range(cuts[-1] + 1)]
            inside = f"{source.bind(table)}[v] if 0 <= v < {len(table)}"
            return Lookup((f"v = {value}",), f"({inside} else {source.bind(self.mask)}(v))")
        return Lookup((), f"{source.bind(self._masks)}[{source.bind(bisect_right)}({source.bind(cuts)}, {value})]")

    def careful(self, source: Source) -> Lookup:
        """The same by a call, None standing for a missing value."""
        lines = (f"v = {missing_aware(self._path)}",)
        return Lookup(lines, f"({source.bind(self._missing)} if v is None else {source.bind(self.mask)}(v))")


class Age(Order):
    """Ranges relative to now by milliseconds: the cuts are spans of time after now, the local `now` a datetime."""

    __slots__ = ()

    def __init__(self, path: str, rows: Mapping[int, Parts]) -> None:
        super().__init__(path, rows)
        self._changes = {cut * MILLISECOND: changed for cut, changed in self._changes.items()}
        self._cuts = [cut * MILLISECOND for cut in self._cuts]

    def fast(self, source: Source) -> Lookup:
        """A search among the spans."""
        lines = (f"v = {source.bind(moment_of)}({direct(self._path)}) - now",)
        return Lookup(lines, f"{source.bind(self.mask)}(v)")

    def careful(self, source: Source) -> Lookup:
        """The same, None standing for a missing value."""
        missing = source.bind(self._missing)
        lines = (f"v = {missing_aware(self._path)}",)
        age = f"{source.bind(moment_of)}(v) - now"
        return Lookup(lines, f"({missing} if v is None else {source.bind(self.mask)}({age}))")
