"""L: names that refer to something else."""

from __future__ import annotations

from .registry import Code

CODES: list[Code] = []
