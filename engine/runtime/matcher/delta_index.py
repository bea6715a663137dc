"""Which rows change when one field does: an index of the rows that ask about it, and of nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from ...ir.walk import fields
from ..codegen.source import Source
from .bits import Bits, bit_by_bit, names_reader
from .checks import Checks
from .columns import Column, Lookup
from .index import Rest, fill
from .mentions import Mentions
from .moment import Event, datetime_of
from .order import Age
from .plan import MatchPlan, columns_of
from .reading import FALLS_BACK, new_source
from .rows import Literal, Row

Changed: TypeAlias = tuple[list[str], list[str]]
Single = Callable[[Mapping[str, Any], Mapping[str, Any], int, Sequence[Event], int], Changed]
Several = Callable[[Mapping[str, Any], Mapping[str, Any], int, Sequence[Event], int, Collection[str]], Changed]
Look = Callable[[Mapping[str, Any], int, datetime | None], int]

TABLE = 4_096  # names up to which a mask for each bit is stored
PAUSE = 4  # look-ups between questions whether any row is left
FEW = 32  # set bits up to which taking them one by one is faster

_NONE_LEFT = ("if not m:", "    return [], []")


@dataclass(frozen=True, slots=True)
class FieldIndex:
    """From the profile before and after a change to the names of the rows that hold now, and of those that held before.

    `single` is for a change of this field alone, `several` for a change of this and others, which are passed to it.
    Both take the mask of the rows to look at: `every`, or `steady` for those that time alone cannot change. They are
    valid if now is at least `reach` away from the ends of the calendar. `left_out` are the names of segments of which a
    row asks something of the field that no column can hold.
    """

    single: Single
    several: Several
    every: int
    steady: int
    reach: int
    left_out: frozenset[str]


def field_index(
    field: str, rows: Sequence[tuple[str, Row]], checks: Checks, *, clocked: Container[str], memory: int
) -> FieldIndex:
    """The index of one field, of named rows that ask about it, in the order of their names."""
    left_out = _unindexed_names(field, rows)
    kept = [(name, row) for name, row in rows if name not in left_out]
    own, others = MatchPlan(), MatchPlan()
    for number, (_, row) in enumerate(kept):
        own.add(number, tuple(literal for literal in row if _asks(literal, field)))
        others.add(number, tuple(literal for literal in row if not _asks(literal, field)))
    own.settle(everything=True)
    others.settle(everything=False)
    bits = Bits(len(kept))
    own_columns, other_columns = own.columns(), _columns(others, bits)
    fill([*own_columns, *(other.column for other in other_columns)], bits, memory)
    body = _Body(bits, own_columns, other_columns, Rest(bits, others.rest, checks), [name for name, _ in kept])
    steady = bits.of([number for number, (name, _) in enumerate(kept) if name not in clocked])
    reach = max(own.reach, others.reach) + 1 if body.reads_ages() else 0
    return FieldIndex(body.single(), body.several(), bits.every, steady, reach, left_out)


def asks(row: Row, field: str) -> bool:
    """Whether the row asks about the top-level field."""
    return any(_asks(literal, field) for literal in row)


def _asks(literal: Literal, field: str) -> bool:
    return field in fields(literal.item)


def _unindexed_names(field: str, rows: Sequence[tuple[str, Row]]) -> frozenset[str]:
    """The segments that no column can hold: by the kind of a condition, or for too many on one list."""
    found = set()
    plan = MatchPlan()
    for number, (name, row) in enumerate(rows):
        own = tuple(literal for literal in row if _asks(literal, field))
        if all(parts and all(whole for *_, whole in parts) for parts in map(list, map(columns_of, own))):
            plan.add(number, own)
        else:
            found.add(name)
    return frozenset(found.union(rows[number][0] for number in plan.rest))


@dataclass(frozen=True, slots=True)
class _Other:
    """A column of another field, and the mask of the rows that ask about it."""

    path: str
    column: Column
    asking: int

    def lines(self, source: Source) -> list[str]:
        """The fast look-up; a costly one is skipped if no remaining row needs it."""
        lines = _lines([self.column.fast(source)])
        if not isinstance(self.column, Mentions):
            return lines
        return [f"if m & {source.bind(self.asking)}:", *(f"    {line}" for line in lines)]


def _columns(plan: MatchPlan, bits: Bits) -> list[_Other]:
    """The columns of which most rows ask first, as they leave the fewest; lists and texts last."""
    asking: dict[str, set[int]] = defaultdict(set)
    for (_, path, _), rows in plan.slots.items():
        asking[path].update(rows)
    found = [_Other(path, column, bits.of(sorted(asking[path]))) for path, column in plan.columns_by_path()]
    return sorted(found, key=lambda other: (isinstance(other.column, Mentions), -len(asking[other.path])))


@dataclass(frozen=True, slots=True)
class _Body:
    """What the generated functions are made of."""

    bits: Bits
    own: Sequence[Column]
    others: Sequence[_Other]
    rest: Rest
    names: Sequence[str]

    def single(self) -> Single:
        """The function for a change of this field alone: conditions on other fields are looked up once."""
        source = new_source()
        own = source.bind(self._look(source, self.own))
        slow = [*_lines([each.column.careful(source) for each in self.others]), "return m"]
        careful = source.function("careful", "m, p, now_ms, now", slow, "matcher: careful")
        lines = [f"now = {source.bind(datetime_of)}(now_ms)" if self.reads_ages() else "now = None"]
        lines += [f"n = {own}(p, now_ms, now)", f"m = ({own}(o, now_ms, now) ^ n) & k", *_NONE_LEFT]
        fast: list[str] = []
        for number, other in enumerate(self.others):
            fast += [*_NONE_LEFT] if number and number % PAUSE == 0 else []
            fast += other.lines(source)
        if fast:
            lines += ["try:", *(f"    {line}" for line in fast)]
            lines += [f"except {FALLS_BACK}:", f"    m = {source.bind(careful)}(m, p, now_ms, now)"]
        if self.rest.mask:
            lines += [f"if m & {source.bind(self.rest.mask)}:"]
            lines += [f"    m = {source.bind(self.rest.decide)}(m, p, now_ms, events)"]
        read = source.bind(reader(self.names))
        lines += [*_NONE_LEFT, f"return {read}(m, m & n)"]
        found: Single = source.function("changed", "o, p, now_ms, events, k", lines, "matcher: changed")
        return found

    def reads_ages(self) -> bool:
        """Whether a column is about spans of time from now."""
        return any(isinstance(column, Age) for column in [*self.own, *(other.column for other in self.others)])

    def several(self) -> Several:
        """The function for a change of this field and others: theirs are looked up before and after too."""
        source = new_source()
        own = self._look(source, self.own)
        by_field: dict[str, list[Column]] = defaultdict(list)
        for other in self.others:
            by_field[other.path.partition(".")[0]].append(other.column)
        looks = [(field, self._look(source, columns)) for field, columns in by_field.items()]
        decide, read, rest, aged = self.rest.decide, reader(self.names), self.rest.mask, self.reads_ages()

        def read_changes(
            old: Mapping[str, Any],
            new: Mapping[str, Any],
            now_ms: int,
            events: Sequence[Event],
            asked: int,
            fields_changed: Collection[str],
        ) -> Changed:
            now = datetime_of(now_ms) if aged else None
            before, after = own(old, now_ms, now) & asked, own(new, now_ms, now) & asked
            for field, look in looks:
                mask = look(new, now_ms, now)
                after &= mask
                before &= look(old, now_ms, now) if field in fields_changed else mask
            if not before | after:
                return [], []
            differing = before ^ after
            if differing & rest:
                before = decide(before & differing, old, now_ms, events)
                after = decide(after & differing, new, now_ms, events)
                differing = before ^ after
            return read(differing, differing & after)

        return read_changes

    def _look(self, source: Source, columns: Sequence[Column]) -> Look:
        """A function from a profile to the mask of all the columns."""
        lines = [f"m = {source.bind(self.bits.every)}", *_lines([each.careful(source) for each in columns])]
        found: Look = source.function("look", "p, now_ms, now", [*lines, "return m"], "matcher: look")
        return found


def _lines(lookups: Sequence[Lookup]) -> list[str]:
    """Statements that take from `m` the rows that do not hold."""
    return [line for lookup in lookups for line in (*lookup.lines, f"m &= {lookup.mask}")]


def reader(names: Sequence[str]) -> Callable[[int, int], Changed]:
    """A reader of rows that differ, of which some are gained and the others lost."""
    count = len(names)
    few = bit_by_bit(names) if count <= TABLE else names_reader(names)
    twice = names_reader([*names, *names])  # the gained before the lost, so that many are read at one go

    def read(differing: int, gained: int) -> Changed:
        lost = differing ^ gained
        if differing.bit_count() <= FEW:
            return few(gained) if gained else [], few(lost) if lost else []
        found = twice(gained << count | lost)
        middle = gained.bit_count()
        return found[:middle], found[middle:]

    return read
