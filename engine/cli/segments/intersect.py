"""`decisor segments intersect`: who is in all of some segments."""

from __future__ import annotations

from .combining import combination

COMMAND = combination(
    "intersect",
    "Print who is in all of some segments, in no order.",
    "vips actives --count",
)
