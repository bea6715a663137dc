"""Where predicates go: one file per target, all held to the reference meaning."""

from __future__ import annotations
