"""The parts of a plan: changes of documents, each with its differences, the users affected, and warnings."""

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
    """What happened to a name that exists on at least one side."""
    if name not in before:
        return "added"
    return "changed" if name in after else "removed"


@dataclass(frozen=True, slots=True)
class Detail:
    """One line of a difference: something added, removed or changed."""

    sign: Sign
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One document whose meaning changes.

    `was` is the former name of a renamed document. `through` are the changed resources through which this one changes
    although its own text is the same. `used_by` are the resources that use it, directly or not. `remarks` say what
    follows, `warnings` what to watch out for. `moved` is the share of units that get another arm, 0 to 1.
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
        """The sort key in a plan: by effect, then by name."""
        return EFFECTS.index(self.effect), self.resource


@dataclass(frozen=True, slots=True)
class Movement:
    """How many profiles enter or leave a segment, or get another route or output from a ruleset.

    Examples are the keys of a few profiles each.
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
    """What happens to given profiles: the movements by resource, without resources that have none."""

    profiles: int
    refused: int
    now: str
    movements: Mapping[str, Movement] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes from one state to another; `quiet` are documents whose text changed but not their meaning."""

    before: str
    after: str
    changes: tuple[Change, ...]
    quiet: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    audience: Audience | None = None

    @property
    def counts(self) -> Mapping[Action, int]:
        """The number of changes by action."""
        found = Counter(change.action for change in self.changes)
        return {action: found[action] for action in ACTIONS}
