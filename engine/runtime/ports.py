"""What the outside must offer the interpreter: small protocols, implemented elsewhere and wired by service and CLI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol, TypeAlias

from .needs import Choose, CountUses, Got, Predict, ReadFeatures, Recall

Answers: TypeAlias = "Sequence[Got] | Awaitable[Sequence[Got]]"
"""As many as needs were asked, in their order; awaitable where only the asyncio driver asks."""


class FeatureReader(Protocol):
    """Reads features of entities."""

    def read(self, needs: Sequence[ReadFeatures], deadline: float) -> Answers:
        """An object of features for each need, before `deadline` (monotonic seconds)."""


class Scorer(Protocol):
    """Calls models."""

    def predict(self, needs: Sequence[Predict], deadline: float) -> Answers:
        """An object of outputs for each need; needs of one model are one batch."""


class Chooser(Protocol):
    """Picks arms of bandits."""

    def choose(self, needs: Sequence[Choose], deadline: float) -> Answers:
        """`{"arm", "probability", "distribution"}` for each need; draws hash purpose, salt, unit and decision id."""


class ArmMemory(Protocol):
    """Remembers the arms of sticky experiments."""

    def recall(self, needs: Sequence[Recall], deadline: float) -> Answers:
        """`{"arm", "phase"}` or None for each need."""


class CapCounter(Protocol):
    """Counts uses within windows."""

    def count(self, needs: Sequence[CountUses], deadline: float) -> Answers:
        """A whole number for each need."""


class Assigner(Protocol):
    """Assigns units to arms; pure."""

    def assign(
        self, experiment: str, unit: str | None, now: str, sticky: Mapping[str, Any] | None = None
    ) -> tuple[str | None, str, int]:
        """The arm or None, the reason and the phase's number."""

    def explain(self, experiment: str, unit: str, now: str) -> dict[str, Any]:
        """The numbers behind it."""


class SegmentMatcher(Protocol):
    """Matches a canonical profile against segments."""

    def holds(self, segment: str, profile: Mapping[str, Any], now: str) -> bool:
        """Whether the profile is in one segment."""

    def match(self, profile: Mapping[str, Any], now: str) -> Collection[str]:
        """All segments that the profile is in."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside as far as it is there; what is missing answers with the declared fallback.

    `clock` gives the monotonic seconds that deadlines are held against; one that stands still makes nothing late.
    """

    features: FeatureReader | None = None
    scorer: Scorer | None = None
    chooser: Chooser | None = None
    memory: ArmMemory | None = None
    caps: CapCounter | None = None
    clock: Callable[[], float] = monotonic
