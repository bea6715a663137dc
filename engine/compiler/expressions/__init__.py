"""Expressions as authors write them: read by the rule-engine library, checked and lowered to our IR."""

from __future__ import annotations

from .cells import lower_cell
from .front import TEXT_LIMIT, lower_expression
from .place import DocumentValue
from .scope import Scope

__all__ = [
    "TEXT_LIMIT",
    "DocumentValue",
    "Scope",
    "lower_cell",
    "lower_expression",
]
