"""A `cap`'s meaning: what is counted, for which key, how often and within what time."""

from __future__ import annotations

from ...ir.expression import STRING
from ...ir.instant import parse_duration
from ..lowering import Lowered, Lowering
from .document import CapShape
from .node import CapNode


def lower_cap(shape: CapShape, lowering: Lowering) -> Lowered:
    """The cap with its typed key and unit."""
    cap = shape.cap
    key = lowering.expression(cap.key, ("cap", "key"), STRING)
    unit_path = ("cap", "key") if cap.unit is None else ("cap", "unit")
    unit = lowering.expression(cap.unit or f"profile.{lowering.catalogue.key}", unit_path, STRING)
    if key is None or unit is None:
        return Lowered(None)
    within = parse_duration(cap.within)
    return Lowered(CapNode(lowering.name, key, unit, cap.limit, within, shape.then, shape.otherwise))
