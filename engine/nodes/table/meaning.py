"""What a cell means, by walking it: the reference that generated conditions and indexes are held against."""

from __future__ import annotations

from typing import Any, assert_never

from ...ir.cells import AnyValue, CellTest, Equals, Missing, Negated, OneOf, Range


def holds(cell: CellTest, value: Any) -> bool:
    """Whether a value (None: missing; a list for a list column) satisfies a cell."""
    match cell:
        case AnyValue():
            return True
        case Missing():
            return value is None
        case Negated(test):
            return not holds(test, value)
        case Equals() | OneOf() | Range() if value is None:
            return False
        case Equals() | OneOf() | Range() if isinstance(value, list):
            return any(holds(cell, element) for element in value)
        case Equals(constant):
            return bool(value == constant)
        case OneOf(constants):
            return value in constants
        case Range():
            return _within(cell, value)
    assert_never(cell)


def _within(cell: Range, value: Any) -> bool:
    if cell.lower is not None and (value < cell.lower or (value == cell.lower and not cell.lower_inclusive)):
        return False
    return cell.upper is None or value < cell.upper or (value == cell.upper and cell.upper_inclusive)
