"""What a transaction changes about one customer, as values: the rows to write, and what goes to Redis afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..profiles.serving import STILL, Slide
from ..segments.transitions import Transition


@dataclass(slots=True)
class Change:
    """The change of one customer; `seq` is its place in the partition's order, None if only `due_ms` has changed.

    `slide` is what time alone changes next; `sealed` is the profile as it is stored, and `key` its wrapped data key.
    """

    profile: str
    partition: int
    version: int
    value: Mapping[str, Any]
    now_ms: int
    due_ms: int | None
    seq: int | None = None
    transitions: list[Transition] = field(default_factory=list)
    slide: Slide = STILL
    sealed: Mapping[str, Any] | None = None
    key: str | None = None


@dataclass(slots=True)
class Tally:
    """Counts of what was received and what became of it."""

    events: int = 0
    kept: int = 0
    duplicates: int = 0
    conflicts: int = 0
    suppressed: int = 0
    dead: int = 0
    refused: int = 0
    profiles: int = 0
    ticks: int = 0
    entered: int = 0
    left: int = 0

    def add(self, other: Tally) -> None:
        """Add the counts of another tally."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
