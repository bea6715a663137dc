"""The reference meaning of table cells."""

from __future__ import annotations

from typing import Any

from ...ir.cells import AnyValue, CellTest, Equals, Missing, Negated, OneOf, Range


def cell_holds(test: CellTest, value: Any) -> bool:
    """Whether a column's value satisfies the test; a list does when one element does, and None is missing."""
    if isinstance(test, AnyValue):
        return True
    if isinstance(test, Missing):
        return value is None
    if isinstance(test, Negated):
        return not cell_holds(test.test, value)
    if value is None:
        return False
    return any(_one(test, element) for element in (value if isinstance(value, list) else [value]))


def _one(test: Equals | OneOf | Range, value: Any) -> bool:
    if isinstance(test, Equals):
        return bool(value == test.value)
    if isinstance(test, OneOf):
        return value in test.values
    above = test.lower is None or (value >= test.lower if test.lower_inclusive else value > test.lower)
    return above and (test.upper is None or bool(value <= test.upper if test.upper_inclusive else value < test.upper))
