"""Y: YAML as written."""

from __future__ import annotations

from .registry import Code

CODES: list[Code] = []
