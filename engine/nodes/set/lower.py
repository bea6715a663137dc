"""A `set`'s meaning: typed expressions, each later one seeing the earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from ...ir.expression import ANY, ValueType
from ...ir.expression_reads import reads
from ...ir.graph import SetItem
from ..lowering import Lowered, Lowering
from .document import SetShape
from .node import SetNode


def lower_set(shape: SetShape, lowering: Lowering) -> Lowered:
    """The named expressions with their types."""
    items: list[SetItem] = []
    types: dict[str, ValueType] = {}
    for name, written in shape.set.items():
        value = lowering.literal_or_expression(written, ("set", name))
        types[name] = ANY if value is None else value.type
        lowering.know(name, types[name])
        if value is not None:
            items.append(SetItem(name, value, str(written)))
    node = SetNode(lowering.name, in_canonical_order(items), shape.then) if len(items) == len(shape.set) else None
    return Lowered(node, types)


def in_canonical_order(items: Sequence[SetItem]) -> tuple[SetItem, ...]:
    """The items by name, as far as what one reads of another allows: the order of keys alone means nothing."""
    read = [{path.partition(".")[0] for path in reads(item.value).vars} for item in items]
    after: list[list[int]] = [[] for _ in items]
    held = [0] * len(items)
    for later, item in enumerate(items):
        for earlier, other in enumerate(items[:later]):
            if other.name in read[later] or item.name in read[earlier]:
                after[earlier].append(later)
                held[later] += 1
    free = [(item.name, place) for place, item in enumerate(items) if not held[place]]
    heapify(free)
    ordered = []
    while free:
        _, place = heappop(free)
        ordered.append(items[place])
        for later in after[place]:
            held[later] -= 1
            if not held[later]:
                heappush(free, (items[later].name, later))
    return tuple(ordered)
