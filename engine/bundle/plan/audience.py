"""What happens to given profiles: which enter or leave each segment, and which get another route or output."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .change import Audience, Movement, Plan

EXAMPLES = 5

Route = tuple[tuple[str, ...], Any]
"""The nodes on the path, and the output."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of one state for a profile: its segments, and its route through each ruleset."""

    segments: Collection[str]
    routes: Mapping[str, Route] = field(default_factory=dict)


Pair = tuple[str, Answer, Answer]
"""A profile's key, and the answers of the earlier and the later state."""


@dataclass(slots=True)
class _Tally:
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, key: str) -> None:
        """Count one more profile; the first few become examples."""
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(key)


def audience_of(plan: Plan, pairs: Iterable[Pair], now: str, refused: Callable[[], int] = lambda: 0) -> Audience:
    """The movements of profiles, read one by one in bounded memory; names are those of the later state.

    `refused` returns, at the end, how many profiles were left out.
    """
    new_names = {change.was: change.name for change in plan.changes if change.was and change.effect == "segments"}
    new_rulesets = {change.was: change.name for change in plan.changes if change.was and change.effect == "routes"}
    tallies: defaultdict[tuple[str, str], _Tally] = defaultdict(_Tally)
    profiles = 0
    for key, before, after in pairs:
        profiles += 1
        old = {new_names.get(name, name) for name in before.segments}
        for name in old.symmetric_difference(after.segments):
            tallies[f"segment/{name}", "leaving" if name in old else "entering"].add(key)
        for name, (path, output) in before.routes.items():
            later = after.routes.get(new_rulesets.get(name, name))
            if later is None:
                continue
            resource = f"ruleset/{new_rulesets.get(name, name)}"
            if path != later[0]:
                tallies[resource, "rerouted"].add(key)
            if output != later[1]:
                tallies[resource, "other_output"].add(key)
    return Audience(profiles, refused(), now, _movements(tallies))


def _movements(tallies: Mapping[tuple[str, str], _Tally]) -> dict[str, Movement]:
    found: dict[str, Movement] = {}
    for resource in sorted({resource for resource, _what in tallies}):
        own = {what: tally for (of, what), tally in tallies.items() if of == resource}
        none = _Tally()
        entering, leaving = own.get("entering", none), own.get("leaving", none)
        rerouted, other = own.get("rerouted", none), own.get("other_output", none)
        found[resource] = Movement(
            entering.count,
            leaving.count,
            rerouted.count,
            other.count,
            tuple(entering.examples),
            tuple(leaving.examples),
            tuple(dict.fromkeys((*rerouted.examples, *other.examples)))[:EXAMPLES],
        )
    return found
