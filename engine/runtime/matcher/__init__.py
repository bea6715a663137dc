"""Which segments a profile belongs to, in microseconds.

For few segments `fused` writes one Python function that asks each of them, the cheapest and rarest conditions first.
For many, `index` takes every segment as `rows` of conditions that must all hold, numbers the rows in the order of the
segments' names, and keeps for each field (`columns`, `order`, `calendar`, `mentions`) a mask of rows by value: matching
is one look-up per field, the masks joined by AND, and the names of the bits that are left (`bits`). What cannot be
looked up is decided by closures (`checks`) for the rows that are left.
"""

from __future__ import annotations

from .guess import conjunction
from .matcher import Matcher, Strategy
from .plain import Match

__all__ = ["Match", "Matcher", "Strategy", "conjunction"]
