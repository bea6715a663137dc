"""T: types of fields, values and expressions."""

from __future__ import annotations

from .registry import Code

CODES: list[Code] = []
