"""The values a finding is made of; all frozen, all comparable, none with behaviour beyond a fingerprint."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from .codes import code

Severity = Literal["error", "warning", ""]
"""How bad it is. Empty only while a finding is being made: the code's own severity then takes its place."""

Path = tuple[str | int, ...]
"""Where in a document: keys of mappings and indexes of lists, from the root."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a file of the workspace: 1-based lines and code-point columns, the end exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Edit:
    """Text that takes the place of a span; an empty span inserts, an empty text deletes."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A repair that keeps everything else as it is: its title reads as an instruction."""

    title: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Related:
    """A second place that matters to a finding, for instance the first of two equal keys."""

    message: str
    span: Span


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing an author should know; `severity` comes from the code unless given."""

    code: str
    message: str
    span: Span
    label: str = ""
    help: tuple[str, ...] = ()
    fix: Fix | None = None
    related: tuple[Related, ...] = ()
    resource: str = ""
    path: Path = ()
    severity: Severity = ""

    def __post_init__(self) -> None:
        declared = code(self.code)
        if not self.severity:
            object.__setattr__(self, "severity", declared.severity)

    @property
    def fingerprint(self) -> str:
        """32 hex digits that stay while lines move and words change; the file counts only without a resource."""
        where = self.resource or self.span.file
        parts = [self.code, where, *(f"{type(step).__name__}:{step}" for step in self.path)]
        digest = hashlib.blake2b(digest_size=16)
        for part in parts:
            raw = part.encode("utf-8", "surrogatepass")
            digest.update(len(raw).to_bytes(4, "big") + raw)
        return digest.hexdigest()
