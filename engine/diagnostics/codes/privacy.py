"""P: personal and encrypted fields."""

from __future__ import annotations

from .registry import Code

CODES: list[Code] = []
