"""Explains why a customer is or is not in a segment: the tree of conditions with values, verdicts and next flips.

The tree is plain JSON data. The values of a customer's personal or encrypted fields are left out unless they are
requested, and so is everything that follows from them: how many elements or events match, which was the latest, when a
verdict flips, whether there is a value. The constants that such fields are compared with are left out too, because
together with a verdict they would reveal the value; the segment's other constants are always shown. So two customers
who satisfy the same conditions, and differ only in private values, get the same explanation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, assert_never

from ..ir.binding import bind_instant
from ..ir.codec import encode
from ..ir.instant import format_instant
from ..ir.predicate import (
    AllOf,
    AnyOf,
    Bounds,
    Constant,
    CoreName,
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
from ..ir.private import Private
from ..ir.types import Catalogue
from ..operators import wording
from ..operators.evaluate import Event, Subject, present_values
from ..operators.registry import CORE
from .flips.flip import Flips, ProfileAt
from .matcher.behaviour import aggregate_of
from .matcher.checks import Checks
from .matcher.moment import Clock, Moment
from .withholding import is_withheld, tells_a_value, without_constants

Node = dict[str, Any]

SHOWN = 5  # values and elements that are shown
VALUE_LIMIT = 60  # characters of a value in text


def explain(
    predicate: Predicate,
    subject: Subject,
    now_ms: int,
    *,
    catalogue: Catalogue,
    reveal: bool = False,
    profile_at: ProfileAt | None = None,
) -> Node:
    """The tree as JSON data.

    Every node has `kind` (all, any, not, leaf, element, list, events, sequence, constant), `words`, `holds` and
    `flips_at`, the instant at which its verdict flips by time alone, null for never; `flips_exactly` is false where it
    may also be later, and `flips_withheld` is true where it would tell something private. Groups have the nodes
    `inside`. Conditions have what they looked at: `values` (or `withheld`, or `missing` with the reason), `constant`
    (or `constant_withheld`) and, where limits move with now, `limits` as of now. `profile_at` is that of `next_flip`.
    """
    flips = Flips(subject, catalogue=catalogue, profile_at=profile_at)
    return _Explainer(subject, now_ms, catalogue, flips, reveal=reveal).node(predicate)


class _Explainer:
    """One explanation."""

    def __init__(self, subject: Subject, now_ms: int, catalogue: Catalogue, flips: Flips, *, reveal: bool) -> None:
        self._subject = subject
        self._now_ms = now_ms
        self._catalogue = catalogue
        self._flips = flips
        self._reveal = reveal
        self._private = Private(catalogue)
        self._moment = Moment(Clock(now_ms), subject.events)
        self._inner = Checks({}, "", inner=True)

    def node(self, predicate: Predicate) -> Node:
        """The node of a predicate about the customer."""
        found: Node = {
            "kind": _KINDS[type(predicate)],
            "words": words(predicate if self._reveal else without_constants(predicate, self._private.encrypted)),
            "holds": self._flips.holds(predicate, self._now_ms),
        }
        return found | self._flip(predicate) | self._observations(predicate)

    def _flip(self, predicate: Predicate) -> Node:
        if self._hides(predicate):
            return {"flips_at": None} | ({"flips_withheld": True} if self._private.moves(predicate) else {})
        flip = self._flips.of(predicate, self._now_ms)
        at = None if flip.at_ms is None else format_instant(flip.at_ms)
        return {"flips_at": at} if flip.exact else {"flips_at": at, "flips_exactly": False}

    def _hides(self, predicate: Predicate) -> bool:
        """Whether what the predicate saw, and all that follows from it, is left out."""
        return not self._reveal and self._private.is_revealed_by(predicate)

    def _observations(self, predicate: Predicate) -> Node:
        match predicate:
            case AllOf(items) | AnyOf(items):
                return {"inside": [self.node(item) for item in items]}
            case Not(item):
                return {"inside": [self.node(item)]}
            case Leaf():
                return self._leaf(predicate)
            case Element():
                return self._element(predicate)
            case Events():
                return self._events(predicate)
            case EventSequence():
                return self._sequence(predicate)
            case InList(name):
                return {"list": name}
            case Constant():
                return {}
        assert_never(predicate)

    def _leaf(self, leaf: Leaf) -> Node:
        found: Node = {"field": leaf.field, "operator": leaf.op}
        hidden = not self._reveal and tells_a_value(leaf.value) and self._private.encrypted.mentions(leaf)
        found |= {"constant_withheld": True} if hidden else {"constant": encode(leaf.value)}
        if isinstance(leaf.value, Bounds) and not hidden:
            limits = {"lower": leaf.value.lower, "upper": leaf.value.upper}
            if any(isinstance(limit, Now) for limit in limits.values()):
                found["limits"] = {side: self._bind_limit(limit) for side, limit in limits.items()}
        if self._hides(leaf):
            return found | {"withheld": True}
        values = present_values(self._subject.profile, leaf.field)
        if not values:
            return found | {"missing": f"the profile has no `{leaf.field}`"}
        return found | _first_values(values)

    def _bind_limit(self, limit: Any) -> Any:
        return bind_instant(limit, self._now_ms) if isinstance(limit, Now) else limit

    def _element(self, element: Element) -> Node:
        if self._hides(element):
            return {"field": element.of, "withheld": True}
        elements = present_values(self._subject.profile, element.of)
        if not elements:
            return {"field": element.of, "missing": f"the profile has no `{element.of}`"}
        check = self._inner.of(element.item)
        holding = sum(check(each, self._moment) for each in elements)
        return {"field": element.of, "elements": len(elements), "holding": holding} | _first_values(elements)

    def _events(self, events: Events) -> Node:
        found: Node = {"event": events.type, "aggregate": events.aggregate, "field": events.field}
        found |= self._window(events.within)
        if self._hides(events):
            return found | {"withheld": True}
        found |= self._matching(events.type, events.where, events.within)
        where = None if events.where is None else self._inner.of(events.where)
        value = aggregate_of(events, where, self._moment)
        if value is None:
            return found | {"missing": f"no `{events.type}` event that counts has a value"}
        return found | {"values": [value]}

    def _sequence(self, sequence: EventSequence) -> Node:
        steps = [{"event": step.type, **self._step(step, sequence.within)} for step in sequence.steps]
        return {"steps": steps, **self._window(sequence.within)}

    def _step(self, step: Step, within: Now | None) -> Node:
        if not self._reveal and self._private.is_revealed_by_step(step.type, step.where):
            return {"withheld": True}
        return self._matching(step.type, step.where, within)

    def _window(self, within: Now | None) -> Node:
        return {} if within is None else {"since": bind_instant(within, self._now_ms)}

    def _matching(self, kind: str, where: Predicate | None, within: Now | None) -> Node:
        """How many events count, and when the latest of them was."""
        since = "" if within is None else bind_instant(within, self._now_ms)
        now = format_instant(self._now_ms)
        check = None if where is None else self._inner.of(where)

        def counts(event: Event) -> bool:
            timely = event["type"] == kind and since <= event["time"] <= now
            return timely and (check is None or check(event["data"], self._moment))

        times = [event["time"] for event in self._subject.events if counts(event)]
        return {"counted": len(times), "latest": times[-1] if times else None}


def _first_values(values: list[Any]) -> Node:
    return {"values": values[:SHOWN], **({"more": len(values) - SHOWN} if len(values) > SHOWN else {})}


_OR_MISSING = " (or is missing)"
_KINDS: Mapping[type, str] = {
    AllOf: "all",
    AnyOf: "any",
    Not: "not",
    Constant: "constant",
    Leaf: "leaf",
    Element: "element",
    InList: "list",
    Events: "events",
    EventSequence: "sequence",
}


def words(predicate: Predicate, *, positive: bool = True) -> str:
    """What the predicate, or its complement, says on one line; of a group only how its items are joined."""
    match predicate:
        case Not(item):
            return words(item, positive=not positive)
        case Constant(value):
            return "everyone" if value is positive else "no one"
        case AllOf() | AnyOf():
            joined = "all of" if isinstance(predicate, AllOf) else "any of"
            return joined if positive else f"not {joined}"
        case Leaf():
            return _leaf_words(predicate, positive=positive)
        case InList(name):
            return f"{'is' if positive else 'is not'} on the list {wording.field_words(name.partition('@')[0])}"
        case Element(of, item):
            return f"{'one' if positive else 'none'} of the {wording.field_words(of)}: {_flat(item)}"
        case Events():
            return _event_words(predicate, positive=positive)
        case EventSequence(steps, within):
            listed = ", then ".join(_step_words(step.type, step.where, step.within) for step in steps)
            return f"{'did' if positive else 'did not do'} in this order{_window_words(within)}: {listed}"
    assert_never(predicate)


def _leaf_words(leaf: Leaf, *, positive: bool) -> str:
    unless = "" if positive or leaf.op == "exists" else _OR_MISSING
    if is_withheld(leaf):
        condition = _withheld_words(leaf.op, positive=positive)
    else:
        condition = CORE[leaf.op].english(leaf, positive=positive)
    return f"{wording.field_words(leaf.field)} {condition}{unless}"


_WITHHELD_WORDS: Mapping[CoreName, tuple[str, str]] = {
    "equals": ("is a value that is withheld", "is not the value that is withheld"),
    "in": ("is one of several values that are withheld", "is none of several values that are withheld"),
    "range": ("lies within limits that are withheld", "does not lie within limits that are withheld"),
}


def _withheld_words(op: CoreName, *, positive: bool) -> str:
    """What a condition asks, without its constant."""
    if op in _WITHHELD_WORDS:
        return _WITHHELD_WORDS[op][0 if positive else 1]
    return f"{'satisfies' if positive else 'does not satisfy'} `{op}` with a constant that is withheld"


def _flat(predicate: Predicate) -> str:
    """The whole of a predicate on one line."""
    if isinstance(predicate, AllOf | AnyOf):
        joined = " and " if isinstance(predicate, AllOf) else " or "
        return f"({joined.join(map(_flat, predicate.items))})"
    if isinstance(predicate, Not) and isinstance(predicate.item, AllOf | AnyOf):
        return f"not {_flat(predicate.item)}"
    return words(predicate)


def _event_words(events: Events, *, positive: bool) -> str:
    where = "" if events.where is None else f" where {_flat(events.where)}"
    field = "" if events.field is None else f" of {wording.field_words(events.field)}"
    name = (
        f"{events.aggregate}{field} of {wording.field_words(events.type)} events{_window_words(events.within)}{where}"
    )
    if not positive and events.aggregate == "count" and _is_some(events.test):
        return f"no {wording.field_words(events.type)} events{_window_words(events.within)}{where}"
    test = _flat(events.test if positive else Not(events.test))
    if events.aggregate in {"count", "distinct"}:  # a number in any case
        test = test.removesuffix(_OR_MISSING)
    return f"{name}: {test}"


def _is_some(test: Predicate) -> bool:
    """Whether the test of a count asks only that it is not 0."""
    return isinstance(test, Leaf) and test.op == "range" and test.value == Bounds(1)


def _window_words(within: Now | None) -> str:
    if within is None:
        return ""
    if within.unit == "ms" and within.amount < 0:
        return f" within the last {wording.sentence_duration(-within.amount)}"
    return f" since {wording.moment(within)}"


def _step_words(kind: str, where: Predicate | None, within: int | None) -> str:
    text = wording.field_words(kind) + ("" if where is None else f" (where {_flat(where)})")
    return text if within is None else f"{text} at most {wording.duration(within)} later"


def lines(node: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """The tree as text, one condition per line."""
    notes = [note for note in (_observation_words(node), _flip_words(node)) if note]
    gap = " " if "inside" in node else "  "
    told = f"{gap}({'; '.join(notes)})" if notes else ""
    yield f"{indent}{'✓' if node['holds'] else '✗'} {node['words']}{told}"
    for each in node.get("inside", ()):
        yield from lines(each, indent + "  ")


def _observation_words(node: Mapping[str, Any]) -> str:
    if "missing" in node:
        return str(node["missing"])
    if "steps" in node:
        return ", ".join(
            f"{'?' if 'withheld' in step else format(step['counted'], ',')} × {step['event']}" for step in node["steps"]
        )
    if "elements" in node:
        return f"{node['holding']:,} of {node['elements']:,}"
    if "withheld" in node:
        return "the value is withheld"
    if "values" not in node:
        return ""
    more = f" and {node['more']:,} more" if "more" in node else ""
    return f"is {', '.join(_value_text(value) for value in node['values'])}{more}"


def _value_text(value: Any) -> str:
    text = wording.constant(value) if isinstance(value, str | int | float) else _members_text(value)
    return text if len(text) <= VALUE_LIMIT else text[: VALUE_LIMIT - 1] + "…"


def _members_text(value: Any) -> str:
    """An object, a point or a list, as `sku “cd-1”, amount 2.5`."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value_text(each)}" for name, each in value.items() if each is not None)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " and ".join(_value_text(each) for each in value)
    return _value_text(value)


def _flip_words(node: Mapping[str, Any]) -> str:
    if node.get("flips_withheld"):
        return "when it flips is withheld"
    if node["flips_at"] is None:
        return ""
    verb = "flips" if node.get("flips_exactly", True) else "does not flip before"
    return f"{verb}{' at' if verb == 'flips' else ''} {wording.instant(node['flips_at'])}"
