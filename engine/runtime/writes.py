"""The writes of decisions: values that are carried out once the answer is known.

Each write names its decision and its instant, so a store that receives it twice counts it once. In a decision's JSON
form those two members appear once, outside the writes.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, ClassVar, Literal, TypeAlias

from ..ir.frozen import Frozen, frozen

Outcome: TypeAlias = Literal["done", "refused", "timeout", "error", "unavailable"]
OUTCOMES: tuple[Outcome, ...] = ("done", "refused", "timeout", "error", "unavailable")


@frozen
class Write(Frozen):
    """One write; `kind` is its name in a decision's JSON form."""

    kind: ClassVar[str]

    decision_id: str
    now: str

    def as_json(self) -> dict[str, Any]:
        """What is written, as it stands in the decision."""
        own = [field.name for field in fields(self) if field.name not in _AROUND]
        return {"write": self.kind, **{name: getattr(self, name) for name in own}}


_AROUND = frozenset(field.name for field in fields(Write))


@frozen
class Exposure(Write):
    """A unit was given an arm of an experiment."""

    kind = "exposure"

    experiment: str
    unit_type: str
    unit: str
    arm: str
    phase: int


@frozen
class StickyArm(Write):
    """The arm that a unit of a sticky experiment keeps."""

    kind = "sticky"

    experiment: str
    unit_type: str
    unit: str
    arm: str
    phase: int


@frozen
class CapUse(Write):
    """One more use of a cap's key by a unit, which counts for `within` ms."""

    kind = "cap"

    key: str
    unit: str
    within: int


@frozen
class PendingReward(Write):
    """A pick of a bandit, whose reward may come later; with the probability that the pick had."""

    kind = "pending_reward"

    bandit: str
    unit_type: str
    unit: str
    arm: str
    probability: float
    version: str
