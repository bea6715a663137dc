"""Why a predicate holds or does not: its conditions as a tree, each with its verdict and the value it saw."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any as AnyValue

from ..compiler.targets.english import to_english
from ..ir.predicate import All, Any, Leaf, Not, Predicate
from ..operators.evaluate import Subject, evaluate, present_values

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
        seen = f"  (is {self.seen})" if self.seen else ""
        yield f"{indent}{'✓' if self.holds else '✗'} {self.text}{seen}"
        for each in self.inside:
            yield from each.lines(indent + "  ")


def explain(predicate: Predicate, subject: Subject, now_ms: int) -> Explanation:
    """The tree of a predicate for a subject at an instant."""
    holds = evaluate(predicate, subject, now_ms)
    if isinstance(predicate, All | Any):
        text = "all of" if isinstance(predicate, All) else "any of"
        return Explanation(text, holds, inside=tuple(explain(item, subject, now_ms) for item in predicate.items))
    if isinstance(predicate, Not) and not isinstance(predicate.item, Leaf):
        return Explanation("not", holds, inside=(explain(predicate.item, subject, now_ms),))
    leaf = predicate.item if isinstance(predicate, Not) else predicate
    seen = _seen(present_values(subject.profile, leaf.field)) if isinstance(leaf, Leaf) else ""
    return Explanation(" ".join(to_english(predicate).split()), holds, seen)


def _seen(values: list[AnyValue]) -> str:
    if not values:
        return "missing"
    text = ", ".join(json.dumps(value, ensure_ascii=False) for value in values[:5])
    return text if len(text) <= VALUE_LIMIT else text[: VALUE_LIMIT - 1] + "…"
