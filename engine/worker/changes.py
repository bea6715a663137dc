"""What a transaction changes of one customer, as values: rows to write, and what Redis is told afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..profiles.serving import STILL, Slide
from ..segments.transitions import Transition


@dataclass(slots=True)
class Change:
    """One customer changed; `seq` is its place in the partition's order, None where nothing but `due_ms` is new.

    `slide` is what time alone does next; `sealed` is the profile as it is kept, and `key` its wrapped data key.
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
    """What became of what came in."""

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
        """Count another one in."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
