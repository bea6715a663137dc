"""The values of one input column, cut into the classes that the column's cells tell apart.

Two values of a class satisfy the same cells, so a cell is a set of classes: an integer with one bit per class. Numbers,
dates and ordered text are cut at the bounds that cells name (below, at, between, above), other text at the constants
that cells name. A class without any value (no whole number lies between 3 and 4) is left out. The last class stands for
a missing value. On a list, where a cell asks for some element, a class is a set of cells that one list can satisfy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

from ...ir.cells import AnyValue, CellTest, Equals, Missing, Negated, OneOf, Range
from ...ir.expression import ValueType
from ...ir.instant import FIRST_MS, LAST_MS, format_instant, parse_instant

Mask: TypeAlias = int
LIST_CELLS = 8  # distinct cells on a list column: each combination is a class
MISSING = "missing"
FRESH = "other"
_LEAST, _GREATEST = -(2**63), 2**63 - 1
_DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class Domain:
    """The classes of a column: one example value for each, what each distinct cell allows, and all of them."""

    examples: tuple[Any, ...]
    masks: dict[CellTest, Mask]
    full: Mask
    missing: Mask

    def mask(self, cell: CellTest) -> Mask:
        """The classes whose values satisfy the cell."""
        return self.masks[cell]

    def example(self, mask: Mask) -> Any:
        """A value of the first class in the mask, a present one where there is any; `MISSING` itself for none."""
        present = mask & ~self.missing
        chosen = present or mask
        return self.examples[(chosen & -chosen).bit_length() - 1]


class TooManyClassesError(ValueError):
    """The cells of a list column combine in too many ways."""


class Absent:
    """The example of a missing value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return MISSING


ABSENT = Absent()


def domain_of(kind: ValueType, cells: Iterable[CellTest], *, may_be_missing: bool) -> Domain:
    """The domain of a column. Raises TooManyClassesError for a list with more than `LIST_CELLS` distinct cells."""
    distinct = list(dict.fromkeys(cells))
    of = kind.of if kind.kind == "array" and kind.of is not None else None
    base = _scalar(of or kind, [test for cell in distinct for test in _tests(cell)])
    examples, tests = base if of is None else _lists(base)
    count = len(examples)
    missing = 1 << count if may_be_missing else 0
    if may_be_missing:
        examples = (*examples, ABSENT)
    full = (1 << len(examples)) - 1
    masks = {cell: _mask(cell, tests, full, missing) for cell in distinct}
    return Domain(examples, masks, full, missing)


_Classes: TypeAlias = tuple[tuple[Any, ...], dict[CellTest, Mask]]


def _tests(cell: CellTest) -> Iterable[CellTest]:
    """The test that is left when complements, `AnyValue` and `Missing` are taken away."""
    while isinstance(cell, Negated):
        cell = cell.test
    return () if isinstance(cell, AnyValue | Missing) else (cell,)


def _mask(cell: CellTest, tests: dict[CellTest, Mask], full: Mask, missing: Mask) -> Mask:
    match cell:
        case AnyValue():
            return full
        case Missing():
            return missing
        case Negated(test):
            return full & ~_mask(test, tests, full, missing)
        case Equals() | OneOf() | Range():
            return tests[cell]
    assert_never(cell)


def _scalar(kind: ValueType, tests: Sequence[CellTest]) -> _Classes:
    """Example values of each class and the mask of each test, for one value that is present."""
    if kind.kind == "boolean":
        return _listed_classes((False, True), tests)
    if kind.values:
        return _listed_classes(kind.values, tests)
    if kind.kind == "string" and not any(isinstance(test, Range) for test in tests):
        constants = sorted({value for test in tests for value in _constants(test)}, key=str)
        return _listed_classes((*constants, _fresh(constants)), tests)
    return _ordered_classes(kind, tests)


def _constants(test: CellTest) -> tuple[Any, ...]:
    if isinstance(test, Equals):
        return (test.value,)
    return test.values if isinstance(test, OneOf) else ()


def _fresh(constants: Sequence[Any]) -> str:
    found, number = FRESH, 1
    while found in constants:
        number += 1
        found = f"{FRESH}_{number}"
    return found


def _listed_classes(values: tuple[Any, ...], tests: Sequence[CellTest]) -> _Classes:
    places = {value: 1 << index for index, value in enumerate(values)}
    return values, {test: sum(places.get(value, 0) for value in set(_constants(test))) for test in tests}


def _ordered_classes(kind: ValueType, tests: Sequence[CellTest]) -> _Classes:
    """Classes in order: below the first bound, at it, between it and the next, … above the last."""
    bounds = sorted({bound for test in tests for bound in _bounds(test)})
    places = {bound: 2 * index + 1 for index, bound in enumerate(bounds)}
    around = [None, *bounds, None]
    examples: list[Any] = []
    for index in range(len(around) - 1):
        examples.append(_between(kind, around[index], around[index + 1]))
        if index < len(bounds):
            examples.append(bounds[index] if _exists(kind, bounds[index]) else None)
    before = [0]  # how many classes below each place have a value
    for example in examples:
        before.append(before[-1] + (example is not None))
    masks = {}
    for test in tests:
        mask = 0
        for first, last in _spans(test, places, len(examples)):
            if first <= last:
                mask |= ((1 << before[last + 1] - before[first]) - 1) << before[first]
        masks[test] = mask
    return tuple(example for example in examples if example is not None), masks


def _bounds(test: CellTest) -> Iterable[Any]:
    if isinstance(test, Range):
        return [bound for bound in (test.lower, test.upper) if bound is not None]
    return _constants(test)


def _spans(test: CellTest, places: dict[Any, int], count: int) -> list[tuple[int, int]]:
    if not isinstance(test, Range):
        return [(places[value], places[value]) for value in set(_constants(test))]
    first = 0 if test.lower is None else places[test.lower] + (0 if test.lower_inclusive else 1)
    last = count - 1 if test.upper is None else places[test.upper] - (0 if test.upper_inclusive else 1)
    return [(first, last)]


def _exists(kind: ValueType, value: Any) -> bool:
    return kind.kind != "integer" or float(value).is_integer()


def _between(kind: ValueType, low: Any, high: Any) -> Any:
    """A value strictly between two bounds (None: unbounded), as plain as can be; None when there is none."""
    if kind.kind == "integer":
        return _whole(low, high, _LEAST, _GREATEST)
    if kind.kind == "datetime":
        return _instant(low, high)
    if kind.kind == "string":
        return _text(low, high)
    return _real(low, high)


def _whole(low: Any, high: Any, least: int, greatest: int) -> int | None:
    first = least if low is None else math.floor(low) + 1
    last = greatest if high is None else math.ceil(high) - 1
    if first > last:
        return None
    if low is None:
        return 0 if high is None else last
    return first


def _real(low: float | None, high: float | None) -> float | None:
    if low is None or high is None:
        near = 0.0 if low is None and high is None else low + 1.0 if low is not None else (high or 0.0) - 1.0
        if (low is None or low < near) and (high is None or near < high):
            return float(near)
        edge = math.nextafter(low, math.inf) if low is not None else math.nextafter(high or 0.0, -math.inf)
        return edge if math.isfinite(edge) else None
    whole = math.floor(low) + 1.0
    if low < whole < high:
        return whole
    middle = low / 2 + high / 2
    if low < middle < high:
        return middle
    edge = math.nextafter(low, math.inf)
    return edge if edge < high else None


def _instant(low: str | None, high: str | None) -> str | None:
    first = FIRST_MS if low is None else parse_instant(low) + 1
    last = LAST_MS if high is None else parse_instant(high) - 1
    if first > last:
        return None
    if low is None:
        return format_instant(0 if high is None else max(first, last + 1 - _DAY))
    return format_instant(min(last, first - 1 + _DAY))


def _text(low: str | None, high: str | None) -> str | None:
    if low is None:
        return "" if high is None or high else None
    near = low + "0"
    return near if high is None or near < high else None


def _lists(base: _Classes) -> _Classes:
    """Classes of lists: every set of tests that the elements of one list can satisfy together, and no others."""
    examples, masks = base
    tests = list(masks)
    if len(tests) > LIST_CELLS:
        raise TooManyClassesError(f"{len(tests)} distinct cells on a list")
    full = (1 << len(examples)) - 1
    found: dict[tuple[bool, ...], list[Any]] = {}
    for choice in range(1 << len(tests)):
        refused = 0
        for index, test in enumerate(tests):
            if not choice >> index & 1:
                refused |= masks[test]
        allowed = full & ~refused
        truth = tuple(bool(allowed & masks[test]) for test in tests)
        if allowed and truth not in found:
            found[truth] = _elements(allowed, [masks[test] for test in tests], examples)
    ordered = sorted(found, key=lambda truth: (len(found[truth]), truth))
    listed = {test: sum(1 << place for place, truth in enumerate(ordered) if truth[i]) for i, test in enumerate(tests)}
    return tuple(found[truth] for truth in ordered), listed


def _elements(allowed: Mask, tests: Sequence[Mask], examples: Sequence[Any]) -> list[Any]:
    """Few allowed elements that satisfy every test that the allowed ones satisfy."""
    chosen: list[int] = []
    for test in tests:
        able = test & allowed
        if able and not any(able >> place & 1 for place in chosen):
            chosen.append((able & -able).bit_length() - 1)
    if not chosen:
        chosen.append((allowed & -allowed).bit_length() - 1)
    return [examples[place] for place in sorted(chosen)]
