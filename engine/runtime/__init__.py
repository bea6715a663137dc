"""The interpreter: what runs per request, on the standard library alone."""

from __future__ import annotations
