"""C: limits and targets of compiling."""

from __future__ import annotations

from .registry import Code

CODES: list[Code] = []
