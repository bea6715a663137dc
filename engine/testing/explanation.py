"""Why a predicate holds or does not, and why a decision took its way: conditions and nodes with what they saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..compiler.targets.english import to_english
from ..ir.predicate import AllOf, AnyOf, Element, Events, EventSequence, Leaf, Not, Predicate
from ..nodes.kind import NodeKinds
from ..nodes.kinds import NODE_KINDS
from ..operators.evaluate import Subject, evaluate, present_values
from ..runtime.trace import values_of
from .differences import shown_value

VALUE_LIMIT = 60  # characters of a value that are shown


@dataclass(frozen=True, slots=True)
class Explanation:
    """One condition: what it says, whether it holds, what it saw, and the conditions inside a group."""

    text: str
    holds: bool
    seen: str = ""
    inside: tuple[Explanation, ...] = ()

    def lines(self, indent: str = "") -> Iterator[str]:
        """The tree as text, one condition a line."""
        seen = f"  ({self.seen})" if self.seen else ""
        yield f"{indent}{'✓' if self.holds else '✗'} {self.text}{seen}"
        for each in self.inside:
            yield from each.lines(indent + "  ")


def explain(predicate: Predicate, subject: Subject, now_ms: int) -> Explanation:
    """The tree of a predicate for a subject at an instant."""
    holds = evaluate(predicate, subject, now_ms)
    if isinstance(predicate, AllOf | AnyOf):
        text = "all of" if isinstance(predicate, AllOf) else "any of"
        return Explanation(text, holds, inside=tuple(explain(item, subject, now_ms) for item in predicate.items))
    if isinstance(predicate, Not) and isinstance(predicate.item, AllOf | AnyOf | Not):
        return Explanation("not", holds, inside=(explain(predicate.item, subject, now_ms),))
    condition = predicate.item if isinstance(predicate, Not) else predicate
    return Explanation(" ".join(to_english(predicate).split()), holds, _observation(condition, subject))


def _observation(condition: Predicate, subject: Subject) -> str:
    """What a condition looked at, in a few words."""
    if isinstance(condition, Leaf | Element):
        name = condition.field if isinstance(condition, Leaf) else condition.of
        values = present_values(subject.profile, name)
        return f"is {_cut(', '.join(shown_value(value) for value in values[:5]))}" if values else "is missing"
    if isinstance(condition, Events | EventSequence):
        kinds = {condition.type} if isinstance(condition, Events) else {step.type for step in condition.steps}
        times = [event["time"] for event in subject.events if event["type"] in kinds]
        return f"{len(times)} such events in all, the latest at {times[-1]}" if times else "no such events at all"
    return ""


def explain_trace(trace: Sequence[Mapping[str, Any]], kinds: NodeKinds = NODE_KINDS, indent: str = "") -> Iterator[str]:
    """The nodes that a decision passed, with the way each took and what it saw."""
    for step in trace:
        seen = values_of(step, kinds)
        values = ", ".join(
            f"{name} is {'missing' if value is None else _cut(shown_value(value))}" for name, value in seen.items()
        )
        yield f"{indent}{step['node']}: {outcome_text(step, kinds)}{f'  ({values})' if values else ''}"
        yield from explain_trace(step.get("trace") or (), kinds, indent + "  ")


def outcome_text(step: Mapping[str, Any], kinds: NodeKinds = NODE_KINDS) -> str:
    """The way that a node took, in words."""
    kind = kinds.find(step["kind"])
    return str(step["outcome"]) if kind is None else kind.authoring().outcome_text(step)


def _cut(text: str) -> str:
    return text if len(text) <= VALUE_LIMIT else text[: VALUE_LIMIT - 1] + "…"
