"""Findings for authors: each with a place, a code, help and perhaps a fix."""

from __future__ import annotations

from .codes import Code, all_codes, code, register
from .finding import Edit, Finding, Fix, Path, Related, Severity, Span
from .sink import Sink
from .suggest import nearest

__all__ = [
    "Code",
    "Edit",
    "Finding",
    "Fix",
    "Path",
    "Related",
    "Severity",
    "Sink",
    "Span",
    "all_codes",
    "code",
    "nearest",
    "register",
]
