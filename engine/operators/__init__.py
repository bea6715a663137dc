"""Operators: one file per family, each with its reference meaning and one cell per target."""

from __future__ import annotations
