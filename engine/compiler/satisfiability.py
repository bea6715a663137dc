"""Whether a predicate can hold for any profile at all, and whether it can fail for any.

Sound, not complete: what is reported never (or always) holds; what is not reported may still be so. The predicate is
put into disjunctive normal form, bounded; in each conjunction the literals on one field are compared with each other,
and with what the catalogue says about the field.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, islice, product
from typing import assert_never

from ..ir.predicate import (
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
    Scalar,
)
from ..ir.types import Aggregate, Catalogue, EventType, Field
from ..operators.evaluate import Subject, evaluate

CONJUNCTION_LIMIT = 256
LITERAL_LIMIT = 4_096  # over all conjunctions together


@dataclass(frozen=True, slots=True)
class Literal:
    """A predicate that is not a group, or its complement."""

    item: Predicate
    positive: bool


Conjunction = tuple[Literal, ...]

COUNTED = ("count", "distinct")  # never missing, and never less than 0


@dataclass(frozen=True, slots=True)
class Known:
    """What is known apart from the predicate: declared fields, event types, and which member lists are empty."""

    fields: tuple[Field, ...] = ()
    events: Mapping[str, EventType] = field(default_factory=dict)
    empty_lists: Collection[str] = ()

    @classmethod
    def of(cls, catalogue: Catalogue, empty_lists: Collection[str] = ()) -> Known:
        """What a catalogue says about profiles, and which of the workspace's member lists have no members."""
        return cls(catalogue.fields, {each.name: each for each in catalogue.events}, empty_lists)

    def field(self, path: str) -> Field | None:
        """The declared field at a dotted path."""
        head, _, rest = path.partition(".")
        found = next((each for each in self.fields if each.name == head), None)
        return replace(self, fields=found.fields).field(rest) if found is not None and rest else found

    def inside(self, path: str) -> Known:
        """What is known of one element of a list of objects."""
        found = self.field(path)
        return replace(self, fields=() if found is None else found.fields)

    def event(self, name: str) -> Known:
        """What is known of an event's data."""
        found = self.events.get(name)
        return replace(self, fields=() if found is None else found.fields)


NOTHING = Known()


def never_holds(predicate: Predicate, known: Known = NOTHING) -> str | None:
    """Why no profile can satisfy the predicate (a clause about one field), or None when some may."""
    reason = "it has no case left"
    size = 0
    for count, conjunction in enumerate(_conjunctions(predicate, positive=True), 1):
        size += len(conjunction) + 1
        if count > CONJUNCTION_LIMIT or size > LITERAL_LIMIT:
            return None
        found = _contradiction(conjunction, known)
        if found is None:
            return None
        reason = found
    return reason


def always_holds(predicate: Predicate, known: Known = NOTHING) -> bool:
    """Whether every profile satisfies the predicate, as far as can be told."""
    return never_holds(Not(predicate), known) is not None


def _conjunctions(item: Predicate, positive: bool) -> Iterator[Conjunction]:  # noqa: FBT001 - the sign of a literal
    match item:
        case Not(inner):
            yield from _conjunctions(inner, not positive)
        case Constant(value):
            if value is positive:
                yield ()
        case AllOf(items) | AnyOf(items):
            if isinstance(item, AllOf) is positive:
                yield from _product(items, positive)
            else:
                for each in items:
                    yield from _conjunctions(each, positive)
        case Leaf() | Element() | InList() | Events() | EventSequence():
            yield (Literal(item, positive),)
        case _:
            assert_never(item)


def _product(items: tuple[Predicate, ...], positive: bool) -> Iterator[Conjunction]:  # noqa: FBT001 - as above
    literals: list[Literal] = []
    groups: list[list[Conjunction]] = []
    for item in items:
        inner, sign = item, positive
        while isinstance(inner, Not):
            inner, sign = inner.item, not sign
        if isinstance(inner, Constant | AllOf | AnyOf):  # one more than the limit is enough to know that it is exceeded
            groups.append(list(islice(_conjunctions(inner, sign), CONJUNCTION_LIMIT + 1)))
        else:
            literals.append(Literal(inner, sign))
    for chosen in product(*groups):
        yield (*literals, *chain.from_iterable(chosen))


def _contradiction(conjunction: Conjunction, known: Known) -> str | None:
    """Why the literals cannot hold together, or None."""
    denied = {literal.item for literal in conjunction if not literal.positive}
    by_field: dict[str, tuple[list[Leaf], list[Leaf]]] = {}
    for literal in conjunction:
        item = literal.item
        if denied and literal.positive and item in denied:
            return f"{_subject(item)} would have to hold and to fail at once"
        if found := _impossible(literal, known):
            return found
        if isinstance(item, Leaf):
            positives, negatives = by_field.setdefault(item.field, ([], []))
            (positives if literal.positive else negatives).append(item)
    for name, (asked, negatives) in by_field.items():
        declared = known.field(name)
        counted = _is_counted(declared)
        positives = [Leaf(name, "range", Bounds(lower=0), "integer"), *asked] if counted else asked
        if positives and any(leaf.op == "exists" for leaf in negatives):
            return (
                f"`{name}` counts events, so it is never missing"
                if counted
                else f"`{name}` would have to be present and missing at once"
            )
        if positives and not _possible(positives, negatives, declared):
            return f"no value of `{name}` satisfies all conditions on it"
    return None


def _is_counted(declared: Field | None) -> bool:
    return declared is not None and declared.source is not None and declared.source.aggregate in COUNTED


def _impossible(literal: Literal, known: Known) -> str | None:
    """Why this literal alone cannot hold, or None; leaves are looked at together with others on their field."""
    item = literal.item
    match item:
        case Events():
            return _events_impossible(item, known, literal.positive)
        case Element() if literal.positive and (inner := never_holds(item.item, known.inside(item.of))):
            return f"in one element of `{item.of}`, {inner}"
        case InList() if literal.positive and item.list in known.empty_lists:
            return f"the list `{item.list}` has no members"
        case EventSequence() if literal.positive:
            for step in item.steps:
                if step.where is not None and (inner := never_holds(step.where, known.event(step.type))):
                    return f"in one event `{step.type}`, {inner}"
    return None


def _events_impossible(item: Events, known: Known, positive: bool) -> str | None:  # noqa: FBT001 - the sign of a literal
    """Why the aggregate of events cannot satisfy the test (or, if not `positive`, cannot fail it), or None."""
    source = Aggregate(item.type, item.aggregate, item.field)
    value = Known((Field("value", "integer" if item.aggregate in COUNTED else "number", source=source),))
    test = item.test if positive else Not(item.test)
    if never_holds(test, value):
        return f"no {item.aggregate} of `{item.type}` events {'satisfies' if positive else 'fails'} the condition"
    inner = None if item.where is None else never_holds(item.where, known.event(item.type))
    if inner is None:
        return None
    nothing = Subject({"value": 0} if item.aggregate in {*COUNTED, "sum"} else {})
    return None if evaluate(test, nothing, 0) else f"in one event `{item.type}`, {inner}"


def _subject(item: Predicate) -> str:
    return f"a condition on `{item.field}`" if isinstance(item, Leaf) else "one condition"


def _possible(positives: list[Leaf], negatives: list[Leaf], declared: Field | None) -> bool:
    if any(_empty(leaf) for leaf in positives):
        return False
    if positives[0].many:  # different elements may satisfy different conditions
        return True
    candidates = _candidates(positives, negatives)
    if candidates is None and declared is not None and declared.values:
        candidates = list(declared.values)
    if candidates is not None:
        return any(_fits(value, positives, negatives) for value in candidates)
    bounds = [leaf.value for leaf in positives if isinstance(leaf.value, Bounds)]
    bounds += [turned for leaf in negatives if isinstance(leaf.value, Bounds) for turned in _complement(leaf.value)]
    return _overlap(bounds, whole=positives[0].type == "integer")


def _candidates(positives: list[Leaf], negatives: list[Leaf]) -> list[Scalar] | None:
    """A finite set that holds every value the positive leaves allow, or None."""
    for leaf in positives:
        if leaf.op == "equals" and isinstance(leaf.value, str | int | float | bool):
            return [leaf.value]
        if leaf.op == "in" and isinstance(leaf.value, tuple):
            return list(leaf.value)
    if positives[0].type == "boolean" and negatives:
        return [True, False]
    return None


def _fits(value: Scalar, positives: list[Leaf], negatives: list[Leaf]) -> bool:
    subject = Subject(_nest(positives[0].field, value))
    fixed = [leaf for leaf in positives if not _relative(leaf)]
    if not all(evaluate(leaf, subject, 0) for leaf in fixed):
        return False
    return not any(evaluate(leaf, subject, 0) for leaf in negatives if not _relative(leaf))


def _nest(path: str, value: Scalar) -> dict[str, object]:
    head, _, rest = path.partition(".")
    return {head: _nest(rest, value) if rest else value}


def _relative(leaf: Leaf) -> bool:
    value = leaf.value
    return isinstance(value, Now) or (
        isinstance(value, Bounds) and (isinstance(value.lower, Now) or isinstance(value.upper, Now))
    )


def _complement(bounds: Bounds) -> list[Bounds]:
    """The range outside one-sided bounds; nothing for two-sided ones, whose outside is not a range."""
    if bounds.lower is None and bounds.upper is not None:
        return [Bounds(lower=bounds.upper, lower_inclusive=not bounds.upper_inclusive)]
    if bounds.upper is None and bounds.lower is not None:
        return [Bounds(upper=bounds.lower, upper_inclusive=not bounds.lower_inclusive)]
    return []


def _empty(leaf: Leaf) -> bool:
    return isinstance(leaf.value, Bounds) and not _overlap([leaf.value], whole=leaf.type == "integer")


def _overlap(bounds: list[Bounds], *, whole: bool) -> bool:
    """Whether some value lies in all the bounds; absolute and relative ones are compared among themselves only."""
    lowers = [(each.lower, each.lower_inclusive) for each in bounds if each.lower is not None]
    uppers = [(each.upper, each.upper_inclusive) for each in bounds if each.upper is not None]
    for low, low_inclusive in lowers:
        for high, high_inclusive in uppers:
            order = _order(low, high)
            if order is None:
                continue
            if order > 0 or (order == 0 and not (low_inclusive and high_inclusive)):
                return False
            if whole and isinstance(low, int) and isinstance(high, int):
                first = low if low_inclusive else low + 1
                if first > (high if high_inclusive else high - 1):
                    return False
    return True


def _order(low: str | float | Now, high: str | float | Now) -> int | None:
    if isinstance(low, Now) and isinstance(high, Now):
        if low.unit != "ms" or high.unit != "ms":
            return None
        return (low.amount > high.amount) - (low.amount < high.amount)
    if isinstance(low, str) and isinstance(high, str):
        return (low > high) - (low < high)
    if isinstance(low, int | float) and isinstance(high, int | float):
        return (low > high) - (low < high)
    return None
