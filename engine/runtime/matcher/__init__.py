"""Which segments a profile belongs to."""

from __future__ import annotations

from .guess import conjunction
from .matcher import Matcher, Strategy
from .plain import Match

__all__ = ["Match", "Matcher", "Strategy", "conjunction"]
