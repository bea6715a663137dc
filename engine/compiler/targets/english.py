"""Predicates in plain English: one sentence where that reads well, an indented outline where it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from ...ir.predicate import (
    AllOf,
    AnyOf,
    Bounds,
    Constant,
    Element,
    Events,
    EventSequence,
    InList,
    Leaf,
    Not,
    Now,
    Predicate,
    Step,
)
from ...operators import wording
from ...operators.registry import CORE

LINE = 110  # characters that still read as one sentence
INDENT = "  "

_SOME = Leaf("value", "range", Bounds(lower=1), "integer")
_AGGREGATES = {
    "count": "the number of {events} with {field}",
    "sum": "the sum of {field} over {events}",
    "min": "the least {field} of {events}",
    "max": "the greatest {field} of {events}",
    "avg": "the average {field} of {events}",
    "first": "the first {field} of {events}",
    "last": "the last {field} of {events}",
    "distinct": "the number of different {field} in {events}",
}


def to_english(predicate: Predicate) -> str:
    """What the predicate says, without a full stop; several lines where groups are nested."""
    return "\n".join(_Speaker(wording.field_words).lines(predicate, positive=True))


@dataclass(frozen=True, slots=True)
class _Speaker:
    """Names fields by `subject`; where these are `always` known, a denial need not mention that they may be missing."""

    subject: Callable[[str], str]
    always: bool = False

    def lines(self, item: Predicate, *, positive: bool) -> list[str]:  # noqa: PLR0911 - one case for each class
        """The predicate or its complement, as one line or as a head with indented lines."""
        match item:
            case Not(inner):
                return self.lines(inner, positive=not positive)
            case AllOf((only,)) | AnyOf((only,)):
                return self.lines(only, positive=positive)
            case AllOf() | AnyOf():
                return self._group(item, positive=positive)
            case Element():
                return self._element(item, positive=positive)
            case Events():
                return self._events(item, positive=positive)
            case EventSequence():
                return [_sequence(item, positive=positive)]
            case Leaf():
                return [self._leaf(item, positive=positive)]
            case InList(name):
                return [f"{'is' if positive else 'is not'} on the list {wording.field_words(name)}"]
            case Constant(value):
                return ["everyone" if value is positive else "no one"]
        assert_never(item)

    def _group(self, item: AllOf | AnyOf, *, positive: bool) -> list[str]:
        parts = [self.lines(each, positive=True) for each in item.items]
        word = "and" if isinstance(item, AllOf) else "or"
        sentence = f" {word} ".join(part[0] for part in parts)
        flat = all(
            len(part) == 1 and not isinstance(each, AllOf | AnyOf) for part, each in zip(parts, item.items, strict=True)
        )
        if positive and flat and len(sentence) <= LINE:
            return [sentence]
        head = _HEADS[word, positive]
        return [head, *_bullets(parts)]

    def _leaf(self, leaf: Leaf, *, positive: bool) -> str:
        phrase = CORE[leaf.op].english(leaf, positive=positive)
        unless = "" if positive or self.always or leaf.op == "exists" else " (or is missing)"
        return f"{self.subject(leaf.field)} {phrase}{unless}"

    def _element(self, item: Element, *, positive: bool) -> list[str]:
        inner = self.lines(item.item, positive=True)
        head = f"for {'one' if positive else 'none'} of the {self.subject(item.of)}:"
        return [f"{head} {inner[0]}"] if len(inner) == 1 else [head, *_bullets([inner])]

    def _events(self, item: Events, *, positive: bool) -> list[str]:
        words, rest = wording.field_words(item.type), _window(item.within)
        condition: list[str] = []
        if item.where is not None:
            inner = _Speaker(wording.field_words).lines(item.where, positive=True)
            if len(inner) == 1:
                rest += f" where {inner[0]}"
            else:
                condition = ["counting events where:", *_bullets([inner])]
        if item.field is None and item.test == _SOME:
            article = ("an" if words[0] in "aeiou" else "a") if positive else "no"
            return [f"has had {article} {words} event{rest}", *(INDENT + line for line in condition)]
        name = _aggregate(item, f"{words} events{rest}")
        never_missing = item.aggregate in {"count", "sum", "distinct"}
        lines = _Speaker(lambda _path: name, never_missing).lines(item.test, positive=positive)
        return [*lines, *(INDENT + line for line in condition)]


def _aggregate(item: Events, events: str) -> str:
    if item.field is None:
        return f"the number of {events}"
    return _AGGREGATES[item.aggregate].format(events=events, field=wording.field_words(item.field))


def _bullets(parts: list[list[str]]) -> list[str]:
    return [line for part in parts for line in (f"- {part[0]}", *(INDENT + rest for rest in part[1:]))]


def _window(within: Now | None) -> str:
    if within is None:
        return ""
    if within.unit == "ms":
        return f" within the last {wording.sentence_duration(-within.amount)}"
    return f" since {wording.moment(within)}"


def _sequence(item: EventSequence, *, positive: bool) -> str:
    steps = ", then ".join(_step(step) for step in item.steps)
    return f"{'did' if positive else 'did not do'} in this order{_window(item.within)}: {steps}"


def _step(step: Step) -> str:
    text = wording.field_words(step.type)
    if step.where is not None:
        text += f" (where {'; '.join(_Speaker(wording.field_words).lines(step.where, positive=True))})"
    return text if step.within is None else f"{text} at most {wording.duration(step.within)} later"


_HEADS = {
    ("and", True): "all of:",
    ("or", True): "any of:",
    ("and", False): "not all of:",
    ("or", False): "none of:",
}
