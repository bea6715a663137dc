"""What a plan is made of: changes of documents, each with what differs, who is concerned and what to beware of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Effect: TypeAlias = Literal["catalogue", "segments", "routes", "experiments", "other"]
Action: TypeAlias = Literal["added", "removed", "changed", "renamed"]
Sign: TypeAlias = Literal["+", "-", "~"]

EFFECTS: tuple[Effect, ...] = ("catalogue", "segments", "routes", "experiments", "other")
ACTIONS: tuple[Action, ...] = ("added", "changed", "removed", "renamed")


def action_of(name: str, before: Container[str], after: Container[str]) -> Action:
    """What happened to a name that is on at least one side."""
    if name not in before:
        return "added"
    return "changed" if name in after else "removed"


@dataclass(frozen=True, slots=True)
class Detail:
    """One line of a difference: what came, what went, or what became something else."""

    sign: Sign
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One document that means something else.

    `was` is the former name of what was renamed. `through` are the changed resources that change this one, whose own
    text is the same. `used_by` are the resources that use it, directly or not. `remarks` say what follows, `warnings`
    what to beware of. `moved` is the share of units that get another arm, 0 to 1.
    """

    effect: Effect
    action: Action
    resource: str
    details: tuple[Detail, ...] = ()
    was: str = ""
    through: tuple[str, ...] = ()
    used_by: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    moved: float | None = None

    @property
    def name(self) -> str:
        """The document's name alone."""
        return self.resource.partition("/")[2]

    @property
    def order(self) -> tuple[int, str]:
        """Where it stands in a plan: by effect, then by name."""
        return EFFECTS.index(self.effect), self.resource


@dataclass(frozen=True, slots=True)
class Movement:
    """How many profiles enter and leave a segment, or get another route and another output from a ruleset.

    Examples are keys of profiles, a few of each.
    """

    entering: int = 0
    leaving: int = 0
    rerouted: int = 0
    other_output: int = 0
    entering_examples: tuple[str, ...] = ()
    leaving_examples: tuple[str, ...] = ()
    rerouted_examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Audience:
    """What happens to given profiles: movements by resource, only where there are any."""

    profiles: int
    refused: int
    now: str
    movements: Mapping[str, Movement] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes from one state to another; `quiet` are documents that read otherwise and mean the same."""

    before: str
    after: str
    changes: tuple[Change, ...]
    quiet: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    audience: Audience | None = None

    @property
    def counts(self) -> Mapping[Action, int]:
        """How many changes there are of each kind."""
        found = Counter(change.action for change in self.changes)
        return {action: found[action] for action in ACTIONS}
