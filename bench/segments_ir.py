"""The workload's segments as the project's own predicates."""

from __future__ import annotations

from collections.abc import Sequence

from engine.ir.predicate import AllOf, Bounds, CoreName, Leaf, LeafValue, Predicate

from .workload import TYPES, Condition, Segment


def predicate(segment: Segment) -> Predicate:
    """All conditions of the segment."""
    return AllOf(tuple(_leaf(condition) for condition in segment.conditions))


def named(segments: Sequence[Segment]) -> list[tuple[str, Predicate]]:
    """Names and predicates."""
    return [(segment.name, predicate(segment)) for segment in segments]


def _leaf(condition: Condition) -> Leaf:
    kind = TYPES[condition.field]
    operator: CoreName = "range"
    value: LeafValue = condition.value
    if condition.operator == "greater_than":
        value = Bounds(lower=condition.value, lower_inclusive=False)
    elif condition.operator == "less_than":
        value = Bounds(upper=condition.value, upper_inclusive=False)
    else:
        operator = condition.operator
    return Leaf(condition.field, operator, value, kind, many=condition.field == "tags")  # type: ignore[arg-type] # TYPES holds field types
