"""The index: a mask per field and value, all of them joined by one generated function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...ir.instant import FIRST_MS, LAST_MS
from ...ir.predicate import AllOf, Not, Predicate
from ..codegen.source import Source
from .bits import MEMORY, Bits, names_reader
from .checks import Check, Checks
from .columns import Column, Lookup
from .moment import Clocks, Event, datetime_of
from .order import Age
from .plain import Match, Segment, plain
from .plan import MatchPlan
from .reading import FALLS_BACK, new_source
from .rows import Literal, rows_of


def index_match(
    segments: Sequence[Segment], checks: Checks, *, memory: int = MEMORY, everything: bool = False
) -> Match:
    """The match function of segments in name order; `everything` indexes even what is hardly worth a column."""
    names, plan, rows = [], MatchPlan(), 0
    for name, predicate in segments:
        for row in rows_of(predicate):
            plan.add(rows, row)
            names.append(name)
            rows += 1
    plan.settle(everything=everything)
    bits = Bits(rows)
    columns = plan.columns()
    fill(columns, bits, memory)
    rest = Rest(bits, plan.rest, checks)
    body = _Body(columns, bits, rest, names)
    return body.function(plan.reach, plain(segments, checks))


def fill(columns: Sequence[Column], bits: Bits, memory: int) -> None:
    """Share the memory: columns that need little get all they need, the others equal parts of the rest."""
    left = max(1, memory // max(1, bits.bytes))
    waiting = sorted(columns, key=lambda column: column.mask_count)
    for index, column in enumerate(waiting):
        allowed = min(column.mask_count, left // (len(waiting) - index))
        column.fill(bits, allowed)
        left -= allowed


class Rest:
    """Rows with literals that no column holds, decided one by one among the rows that are left."""

    __slots__ = ("_checks", "_clocks", "_literals", "_tests", "_top", "mask")

    def __init__(self, bits: Bits, literals: Mapping[int, Sequence[Literal]], checks: Checks) -> None:
        self.mask = bits.of(list(literals))
        self._top = bits.count
        self._literals = dict(literals)
        self._tests: dict[int, Check] = {}
        self._checks = checks
        self._clocks = Clocks()

    def decide(self, mask: int, profile: Mapping[str, Any], now_ms: int, events: Sequence[Event]) -> int:
        """The mask without the rows of which a literal fails."""
        moment = self._clocks.moment(now_ms, events)
        open_rows = mask & self.mask
        tests, top = self._tests.get, self._top
        while open_rows:
            length = open_rows.bit_length()
            bit = 1 << (length - 1)
            open_rows ^= bit
            test = tests(top - length) or self._test(top - length)
            if not test(profile, moment):
                mask ^= bit
        return mask

    def _test(self, row: int) -> Check:
        items = tuple(_predicate_of(literal) for literal in self._literals[row])
        found = self._tests[row] = self._checks.of(AllOf(items))
        return found


def _predicate_of(literal: Literal) -> Predicate:
    return literal.item if literal.positive else Not(literal.item)


@dataclass(frozen=True, slots=True)
class _Body:
    """What the generated function is made of."""

    columns: Sequence[Column]
    bits: Bits
    rest: Rest
    names: Sequence[str]

    def function(self, reach: int, otherwise: Match) -> Match:
        """The match function; `otherwise` answers where now is nearer to an end of the calendar than `reach`."""
        source = new_source()
        aged = any(isinstance(column, Age) for column in self.columns)
        slow = self._join_masks([column.careful(source) for column in self.columns], source)
        careful = source.function("careful", "p, now_ms, now", [*slow, "return m"], "matcher: careful")
        lines = self._guard(source, reach, otherwise) if aged else []
        lines += ["try:"]
        lines += [f"    {line}" for line in self._join_masks([column.fast(source) for column in self.columns], source)]
        lines += [f"except {FALLS_BACK}:", f"    m = {source.bind(careful)}(p, now_ms, {'now' if aged else None})"]
        if self.rest.mask:
            lines += [f"if m & {source.bind(self.rest.mask)}:"]
            lines += [f"    m = {source.bind(self.rest.decide)}(m, p, now_ms, events)"]
        read = f"{source.bind(names_reader(self.names))}(m)"
        if len(set(self.names)) < len(self.names):
            read = f"list(dict.fromkeys({read}))"
        lines += ["if not m:", "    return []", f"return {read}"]
        match: Match = source.function("match", "p, now_ms, events=()", lines, "matcher: match")
        return match

    def _join_masks(self, lookups: Sequence[Lookup], source: Source) -> list[str]:
        if not lookups:
            return [f"m = {source.bind(self.bits.every)}"]
        lines: list[str] = []
        for lookup in lookups:
            lines += lookup.lines
            lines.append(f"m {'&=' if lookup is not lookups[0] else '='} {lookup.mask}")
        return lines

    @staticmethod
    def _guard(source: Source, reach: int, otherwise: Match) -> list[str]:
        """Near the ends of the calendar instants are clamped, so comparing ages would be wrong there."""
        low, high = FIRST_MS + reach + 1, LAST_MS - reach - 1
        return [
            f"if not {low} <= now_ms <= {high}:",
            f"    return {source.bind(otherwise)}(p, now_ms, events)",
            f"now = {source.bind(datetime_of)}(now_ms)",
        ]
