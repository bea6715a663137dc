"""Decision tables: classes tell apart what cells do; questions about boxes are answered as by trying every point."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.ir.cells import AnyValue, CellTest, Equals, Missing, Negated, OneOf, Range
from engine.ir.expression import BOOLEAN, DATETIME, FLOAT, INTEGER, STRING, ValueType
from engine.ir.instant import format_instant
from engine.nodes.table.domains import ABSENT, TooManyClassesError, domain_of
from engine.nodes.table.index import bits, rows_source
from engine.nodes.table.meaning import holds
from engine.nodes.table.search import Box, Budget, gap, meets, never_first, overlaps

CASES = settings(max_examples=300)
SEEDS = st.integers(0, 2**48)
TIERS = ValueType("string", values=("bronze", "silver", "gold"))
KINDS: dict[str, tuple[ValueType, tuple[Any, ...]]] = {
    "text": (STRING, ("US", "CA", "Zürich", "")),
    "closed": (TIERS, TIERS.values),
    "boolean": (BOOLEAN, (True, False)),
    "integer": (INTEGER, (-(2**63), -1, 0, 1, 2, 2**53 + 1, 2**63 - 1)),
    "number": (FLOAT, (-1.5, 0.0, 5e-324, 1.0, 1.0000000000000002, 1e308)),
    "date": (DATETIME, tuple(format_instant(ms) for ms in (0, 1, 86_400_000, 1_767_225_600_000))),
}
KINDS |= {
    f"list of {name}": (ValueType("array", of=kind), constants)
    for name, (kind, constants) in KINDS.items()
    if name in {"text", "integer", "closed"}
}


def cell(source: Random, kind: ValueType, constants: tuple[Any, ...]) -> CellTest:
    element = kind.of or kind
    match source.randrange(7):
        case 0:
            return AnyValue()
        case 1:
            return Missing()
        case 2 | 3:
            return Equals(source.choice(constants))
        case 4:
            return OneOf(tuple(sorted({source.choice(constants) for _ in range(3)})))
        case 5:
            return Negated(cell(source, kind, constants))
    if element.kind in {"string", "boolean"}:
        return Equals(source.choice(constants))
    low, high = sorted([source.choice(constants), source.choice(constants)])
    bounds = source.choice([(low, high), (low, None), (None, high)])
    return Range(*bounds, source.choice((True, False)), source.choice((True, False)))


def value(source: Random, kind: ValueType, constants: tuple[Any, ...]) -> Any:
    """A value of the type near the constants, None for a missing one."""
    if source.random() < 0.1:
        return None
    if kind.of is not None:
        return [one(source, kind.of, constants) for _ in range(source.randint(1, 3))]
    return one(source, kind, constants)


def one(source: Random, kind: ValueType, constants: tuple[Any, ...]) -> Any:
    chosen = source.choice(constants)
    if kind.kind == "integer":
        return max(-(2**63), min(2**63 - 1, chosen + source.choice((-1, 0, 1))))
    if kind.kind == "float":
        return source.choice((chosen, chosen + 1.0, chosen / 2, -chosen))
    if kind.kind == "datetime":
        return source.choice((chosen, format_instant(source.randrange(2_000_000_000_000))))
    return source.choice((chosen, "elsewhere")) if kind.kind == "string" and not kind.values else chosen


@CASES
@given(SEEDS, st.sampled_from(sorted(KINDS)))
def test_classes_are_told_apart_by_cells_and_miss_no_value(seed: int, name: str) -> None:
    source = Random(seed)
    kind, constants = KINDS[name]
    cells = [cell(source, kind, constants) for _ in range(source.randint(1, 6))]
    domain = domain_of(kind, cells, may_be_missing=True)
    verdicts = set()
    for place, example in enumerate(domain.examples):
        shown = None if example is ABSENT else example
        verdict = tuple(holds(each, shown) for each in cells)
        assert verdict == tuple(bool(domain.mask(each) >> place & 1) for each in cells)
        verdicts.add(verdict)
    for _ in range(30):
        each = value(source, kind, constants)
        assert tuple(holds(test, each) for test in cells) in verdicts


@CASES
@given(SEEDS, st.sampled_from(sorted(KINDS)))
def test_look_ups_give_the_rows_whose_cells_hold(seed: int, name: str) -> None:
    source = Random(seed)
    kind, constants = KINDS[name]
    column = [cell(source, kind, constants) for _ in range(source.randint(1, 70))]
    bound: dict[str, Any] = {}

    def bind(each: Any, name: str) -> str:
        bound[f"{name}{len(bound)}"] = each
        return f"{name}{len(bound) - 1}"

    written = rows_source(column, kind, "x", bind)
    for _ in range(20):
        each = value(source, kind, constants)
        wanted = [index for index, test in enumerate(column) if holds(test, each)]
        found = -1 if written is None else eval(written, bound, {"x": each})  # noqa: S307 - source of ours
        assert wanted == (bits(found, len(column)) if written else list(range(len(column))))


def boxes(source: Random) -> tuple[Box, list[Box]]:
    sizes = [source.randint(1, 5) for _ in range(source.randint(1, 3))]
    whole = tuple((1 << size) - 1 for size in sizes)
    rows = [
        tuple(source.choice((full, full, source.randrange(1, full + 1))) for full in whole)
        for _ in range(source.choice((1, 3, 8, 25, 60)))
    ]
    return whole, rows


def points(whole: Box) -> list[Box]:
    return [tuple(1 << place for place in point) for point in product(*(range(mask.bit_length()) for mask in whole))]


@CASES
@given(SEEDS)
def test_a_gap_is_found_exactly_where_no_row_is(seed: int) -> None:
    whole, rows = boxes(Random(seed))
    found = gap(whole, rows, Budget())
    open_points = [point for point in points(whole) if not any(meets(point, row) for row in rows)]
    assert (found is None) == (not open_points)
    if found is not None:
        assert {point for point in points(whole) if meets(point, found)} <= set(open_points)


@CASES
@given(SEEDS)
def test_rows_that_are_never_first_are_those_first_at_no_point(seed: int) -> None:
    whole, rows = boxes(Random(seed))
    first = {next((i for i, row in enumerate(rows) if meets(point, row)), None) for point in points(whole)}
    assert never_first(whole, rows, Budget()) == [index for index in range(len(rows)) if index not in first]


@CASES
@given(SEEDS)
def test_rows_overlap_where_they_claim_different_things(seed: int) -> None:
    source = Random(seed)
    whole, rows = boxes(source)
    claims = [(source.randrange(2), source.randrange(3)) for _ in rows]
    found = overlaps(whole, rows, claims, Budget(), 10_000)
    wanted = {
        (i, j)
        for point in points(whole)
        for i, j in product(range(len(rows)), repeat=2)
        if i < j and meets(point, rows[i]) and meets(point, rows[j])
        and claims[i][0] == claims[j][0] and claims[i][1] != claims[j][1]
    }  # fmt: skip
    assert bool(found) == bool(wanted)
    assert {(i, j) for i, j, _ in found} <= wanted
    assert all(meets(box, rows[i]) and meets(box, rows[j]) for i, j, box in found)
    if len(rows) <= 8:
        assert {(i, j) for i, j, _ in found} == wanted or any(row == whole for row in rows)


def test_a_list_with_too_many_cells_is_not_analysed() -> None:
    cells = [Equals(f"tag {number}") for number in range(9)]
    with pytest.raises(TooManyClassesError, match="9 distinct cells"):
        domain_of(ValueType("array", of=STRING), cells, may_be_missing=True)
