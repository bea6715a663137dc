"""`decisor segments union`: who is in any of some segments."""

from __future__ import annotations

from .combining import combination

COMMAND = combination(
    "union",
    "Print who is in any of some segments, once, in no order.",
    "vips actives --store reachable",
)
