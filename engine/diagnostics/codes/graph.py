"""G: rule graphs: cycles, unreachable nodes."""

from __future__ import annotations

from .registry import Code

CODES: list[Code] = []
