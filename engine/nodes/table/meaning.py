"""What a cell means, by walking it: the reference that generated conditions and indexes are held against."""

from __future__ import annotations

from typing import Any

from ...ir.cells import AnyValue, CellTest, Equals, Missing, Negated, OneOf, Range


def holds(cell: CellTest, value: Any) -> bool:
    """Whether a value (None: missing; a list for a list column) satisfies a cell."""
    if isinstance(cell, AnyValue):
        return True
    if isinstance(cell, Negated):
        return not holds(cell.test, value)
    if isinstance(cell, Missing) or value is None:
        return value is None and isinstance(cell, Missing)
    if isinstance(value, list):
        return any(holds(cell, element) for element in value)
    if isinstance(cell, Range):
        return _within(cell, value)
    return value == cell.value if isinstance(cell, Equals) else value in _constants(cell)


def _constants(cell: CellTest) -> tuple[Any, ...]:
    return cell.values if isinstance(cell, OneOf) else ()


def _within(cell: Range, value: Any) -> bool:
    if cell.lower is not None and (value < cell.lower or (value == cell.lower and not cell.lower_inclusive)):
        return False
    return cell.upper is None or value < cell.upper or (value == cell.upper and cell.upper_inclusive)
