"""`decisor segments difference`: who is in the first of some segments and in no other."""

from __future__ import annotations

from .combining import combination

COMMAND = combination(
    "difference",
    "Print who is in the first of some segments and in none of the others, in no order.",
    "vips actives --count",
)
