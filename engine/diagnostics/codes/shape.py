"""S: the shape of documents: keys, kinds and values."""

from __future__ import annotations

from .registry import Code

CODES: list[Code] = []
