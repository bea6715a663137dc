"""Columns for lists and texts, where some element or token decides, and for being present at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ...ir.predicate import Leaf
from ...operators.text import tokens
from ..codegen.source import Source
from .bits import Bits
from .columns import Lookup, Postings
from .reading import direct, missing_aware
from .rows import Literal


class Mentions:
    """Constants that some element of a list, or token of a text, must be, and others that none may be.

    `slots` are maps from rows to one literal each, so that a row with several conditions has one in several slots; the
    rows of `denied` have literals none of which may hold.
    """

    __slots__ = ("_bits", "_denied", "_path", "_slots", "_text", "_wild", "_wild_rows")

    def __init__(
        self,
        path: str,
        slots: Sequence[Mapping[int, Literal]],
        denied: Mapping[int, Sequence[Literal]],
        *,
        text: bool = False,
    ) -> None:
        self._path, self._text = path, text
        self._slots = [_postings_of({row: (literal,) for row, literal in slot.items()}, text=text) for slot in slots]
        self._wild_rows = [list(slot) for slot in slots]
        self._denied = _postings_of(denied, text=text) if denied else None

    @property
    def mask_count(self) -> int:
        """One mask for each constant in each slot."""
        return sum(len(postings.rows) for postings in self._every())

    def _every(self) -> list[Postings]:
        return [*self._slots, self._denied] if self._denied else self._slots

    def fill(self, bits: Bits, allowed: int) -> None:
        """See `Column`."""
        self._bits = bits
        wanted = max(1, self.mask_count)
        for postings in self._every():
            postings.fill(bits, 0, max(1, allowed * len(postings.rows) // wanted))
        self._wild = [bits.every ^ bits.of(rows) for rows in self._wild_rows]
        self._wild_rows = []

    def fast(self, source: Source) -> Lookup:
        """One look into a dict for each element and slot."""
        return self._lookup(source, direct(self._path))

    def careful(self, source: Source) -> Lookup:
        """The same; nothing is mentioned in what is missing."""
        default = "''" if self._text else "()"
        return self._lookup(source, f"({missing_aware(self._path)} or {default})")

    def _lookup(self, source: Source, values: str) -> Lookup:
        if self._text:
            values = f"{source.bind(tokens)}({values})"
        names = [f"h{number}" for number in range(len(self._slots))]
        start = [f"{name} = {source.bind(wild)}" for name, wild in zip(names, self._wild, strict=True)]
        loop = [
            line for name, slot in zip(names, self._slots, strict=True) for line in self._join_mask(source, name, slot)
        ]
        masks = list(names)
        if self._denied is not None:
            start.append("d = 0")
            loop += self._join_mask(source, "d", self._denied)
            masks.append(f"({source.bind(self._bits.every)} ^ d)")
        return Lookup((*start, f"for t in {values}:", *loop), " & ".join(masks))

    def _join_mask(self, source: Source, name: str, postings: Postings) -> list[str]:
        """Statements that join the mask of `t`, if any row has that constant."""
        if postings.rest:
            return [f"    {name} |= {source.bind(postings.lookup(self._bits))}(t)"]
        return [f"    x = {source.bind(postings.masks.get)}(t)", "    if x is not None:", f"        {name} |= x"]


def _postings_of(rows: Mapping[int, Sequence[Literal]], *, text: bool) -> Postings:
    noted: dict[Any, list[int]] = defaultdict(list)
    for row, literals in rows.items():
        for constant in {constant for literal in literals for constant in constants_of(literal, text=text)}:
            noted[constant].append(row)
    return Postings(noted)


def constants_of(literal: Literal, *, text: bool) -> Sequence[Any]:
    """The constants of which one must be mentioned."""
    leaf = literal.item
    if not isinstance(leaf, Leaf):
        raise TypeError("a literal that is no leaf")
    if text:
        return tokens(str(leaf.value))
    return leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)


class Presence:
    """Whether a field is there at all: rows that need it, and rows that refuse it."""

    __slots__ = ("_absent", "_path", "_present", "_rows")

    def __init__(self, path: str, rows: Mapping[int, Sequence[Literal]]) -> None:
        self._path = path
        needed = [row for row, literals in rows.items() if any(literal.positive for literal in literals)]
        refused = [row for row, literals in rows.items() if not all(literal.positive for literal in literals)]
        self._rows = (needed, refused)
        self._present = self._absent = 0

    @property
    def mask_count(self) -> int:
        """One mask for each of two answers."""
        return 2

    def fill(self, bits: Bits, allowed: int) -> None:  # noqa: ARG002 - one signature for all columns
        """See `Column`."""
        needed, refused = self._rows
        self._absent = bits.every ^ bits.of(needed)
        self._present = bits.every ^ bits.of(refused)
        self._rows = ([], [])

    def fast(self, source: Source) -> Lookup:
        """A look for the field; that it is missing is nothing out of the ordinary here."""
        absent, present = source.bind(self._absent), source.bind(self._present)
        return Lookup((), f"({absent} if {missing_aware(self._path)} is None else {present})")

    def careful(self, source: Source) -> Lookup:
        """The same."""
        return self.fast(source)
