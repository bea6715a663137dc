"""A/B tests: one hash with published vectors, and the arm that follows from it."""

from __future__ import annotations

from .assignment import Assignment, NativeAssigner, assign, explain
from .hashing import hash53, ppm_of, unit_value

__all__ = ["Assignment", "NativeAssigner", "assign", "explain", "hash53", "ppm_of", "unit_value"]
