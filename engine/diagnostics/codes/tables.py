"""D: decision tables: gaps, overlaps, rows that never hit."""

from __future__ import annotations

from .registry import Code

CODES: list[Code] = []
