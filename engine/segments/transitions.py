"""Transitions: a customer enters or leaves a segment, for a reason."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

Reason = Literal["event", "time", "definition", "erasure", "manual", "backfill"]


@dataclass(frozen=True, slots=True)
class Transition:
    """A customer entered a segment (odd number) or left it (even)."""

    segment: str
    profile: str
    number: int
    at_ms: int
    reason: Reason
    digest: str
    cause: str | None = None
    silent: bool = False

    @property
    def entered(self) -> bool:
        """Whether the customer is a member from now on."""
        return self.number % 2 == 1

    @property
    def id(self) -> str:
        """An id that stays the same however often the transition is published: 32 hex digits."""
        text = f"{self.segment}\n{self.number}\n{self.profile}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]
