"""X: experiments, layers and bandits."""

from __future__ import annotations

from .registry import Code

CODES: list[Code] = []
