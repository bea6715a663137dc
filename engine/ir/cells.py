"""Cells of decision tables: what an input column's value must be for a row to be hit.

On a missing value every test but `Missing` fails, and `Negated` is the plain complement, as for predicates. On a list a
test holds when one element satisfies it (for a range: both bounds by the same element).
"""

from __future__ import annotations

from typing import TypeAlias

from .frozen import Frozen, frozen

CellConstant: TypeAlias = "str | int | float | bool"


@frozen
class AnyValue(Frozen):
    """Holds always, for a missing value too."""


@frozen
class Equals(Frozen):
    """The value equals a constant that is canonical for the column."""

    value: CellConstant


@frozen
class OneOf(Frozen):
    """The value is one of several constants, sorted and each once."""

    values: tuple[CellConstant, ...]


@frozen
class Range(Frozen):
    """The value lies between the bounds; an absent side is unbounded. Dates are canonical instants."""

    lower: int | float | str | None = None
    upper: int | float | str | None = None
    lower_inclusive: bool = True
    upper_inclusive: bool = True


@frozen
class Missing(Frozen):
    """There is no value."""


@frozen
class Negated(Frozen):
    """The complement of a test; of `Missing`, that there is a value."""

    test: CellTest


CellTest: TypeAlias = AnyValue | Equals | OneOf | Range | Missing | Negated
Cell: TypeAlias = CellTest
CELLS: tuple[type, ...] = (AnyValue, Equals, OneOf, Range, Missing, Negated)
