"""B: bundles: reading, verifying, signing."""

from __future__ import annotations

from .registry import Code

CODES: list[Code] = []
