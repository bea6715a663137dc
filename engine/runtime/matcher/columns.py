"""Columns of the index: from one field's value to the mask of the rows whose conditions on that field hold.

Every column is planned first (`mask_count` masks), then filled within what memory allows. Values and cuts beyond that
are stored as row numbers, from which a mask is computed on demand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ...ir.predicate import Leaf
from ..codegen.source import Source
from .bits import Bits
from .reading import direct, missing_aware
from .rows import Literal


@dataclass(frozen=True, slots=True)
class Lookup:
    """Statements, then the expression of a mask."""

    lines: tuple[str, ...]
    mask: str


class Column(Protocol):
    """One field's part of the index."""

    @property
    def mask_count(self) -> int:
        """How many masks would make every look-up direct."""
        ...

    def fill(self, bits: Bits, allowed: int) -> None:
        """Compute the masks, at most about `allowed` of them."""
        ...

    def fast(self, source: Source) -> Lookup:
        """The look-up for a profile that has the field; raises if the field is missing."""
        ...

    def careful(self, source: Source) -> Lookup:
        """The look-up for any profile."""
        ...


class Postings:
    """From a value to a mask: `base` changed in the rows noted for the value."""

    __slots__ = ("base", "masks", "rest", "rows")

    def __init__(self, rows: Mapping[Any, list[int]]) -> None:
        self.rows = rows
        self.base = 0
        self.masks: dict[Any, int] = {}
        self.rest: dict[Any, list[int]] = {}

    def fill(self, bits: Bits, base: int, allowed: int) -> None:
        """Make masks for the values noted in most rows."""
        self.base = base
        ordered = sorted(self.rows.items(), key=lambda item: -len(item[1])) if len(self.rows) > allowed else None
        direct_ones = self.rows.items() if ordered is None else ordered[:allowed]
        self.masks = {value: base ^ bits.of(rows) for value, rows in direct_ones}
        self.rest = {} if ordered is None else dict(ordered[allowed:])
        self.rows = {}

    def lookup(self, bits: Bits) -> Callable[[Any], int]:
        """A function from a value to its mask."""
        masks, rest, base, of = self.masks.get, self.rest.get, self.base, bits.of

        def mask(value: Any) -> int:
            found = masks(value)
            if found is not None:
                return found
            rows = rest(value)
            return base if rows is None else base ^ of(rows)

        return mask


class Equality:
    """`equals`, `in` and `exists`, positive or negated, on a field with one value."""

    __slots__ = ("_bits", "_missing", "_path", "_postings", "_rows")

    def __init__(self, path: str, rows: Mapping[int, Sequence[Literal]]) -> None:
        self._path = path
        noted: dict[Any, list[int]] = defaultdict(list)
        self._rows: tuple[list[int], list[int]] = ([], [])  # not of other values; not of a missing one
        self._missing = 0
        for row, literals in rows.items():
            wanted, other, absent = _wanted_values(literals)
            for value in wanted:
                noted[value].append(row)
            if not other:
                self._rows[0].append(row)
            if not absent:
                self._rows[1].append(row)
        self._postings = Postings(noted)

    @property
    def mask_count(self) -> int:
        """One mask for each constant, one for other values, one for a missing one."""
        return len(self._postings.rows) + 2

    def fill(self, bits: Bits, allowed: int) -> None:
        """See `Column`."""
        self._bits = bits
        self._postings.fill(bits, bits.every ^ bits.of(self._rows[0]), max(1, allowed - 2))
        self._missing = bits.every ^ bits.of(self._rows[1])
        self._postings.masks[None] = self._missing

    def fast(self, source: Source) -> Lookup:
        """One look into a dict."""
        return self._lookup(source, direct(self._path))

    def careful(self, source: Source) -> Lookup:
        """The same, None standing for a missing value."""
        return self._lookup(source, missing_aware(self._path))

    def _lookup(self, source: Source, value: str) -> Lookup:
        if self._postings.rest:
            return Lookup((), f"{source.bind(self._postings.lookup(self._bits))}({value})")
        masks, base = source.bind(self._postings.masks.get), source.bind(self._postings.base)
        return Lookup((), f"{masks}({value}, {base})")


def _wanted_values(literals: Sequence[Literal]) -> tuple[frozenset[Any], bool, bool]:
    """The values at which a row differs from what it says of other values, that, and whether it takes a missing one."""
    allowed: frozenset[Any] | None = None
    refused: set[Any] = set()
    present, absent = True, True
    for item, positive in literals:
        if not isinstance(item, Leaf):
            raise TypeError("a literal that is not a leaf")
        if item.op == "exists":
            present, absent = present and positive, absent and not positive
            continue
        constants = frozenset(item.value) if isinstance(item.value, tuple) else frozenset((item.value,))
        if positive:
            allowed = constants if allowed is None else allowed & constants
            absent = False
        else:
            refused |= constants
    if not present:
        return frozenset(), False, absent
    if allowed is None:
        return frozenset(refused), True, absent
    return allowed - refused, False, absent
