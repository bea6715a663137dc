"""Guesses that order conditions: how often a predicate holds, and its cost in units of about ten nanoseconds.

They change speed and never meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, assert_never

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
)


class Guess(NamedTuple):
    """The share of profiles for which it holds, and the cost."""

    share: float
    cost: float


def guess(predicate: Predicate) -> Guess:
    """The guess for any predicate; groups are assumed to be evaluated in the best order."""
    match predicate:
        case Leaf():
            return _leaf(predicate)
        case Not(item):
            share, cost = guess(item)
            return Guess(1 - share, cost)
        case AllOf(items):
            return _join(conjunction(items))
        case AnyOf(items):
            share, cost = _join([Guess(1 - each.share, each.cost) for each in map(guess, disjunction(items))])
            return Guess(1 - share, cost)
        case Constant(value):
            return Guess(float(value), 0.1)
        case InList():
            return Guess(0.2, 10.0)
        case Element() | Events() | EventSequence():
            return Guess(0.3, 100.0)
    assert_never(predicate)


def conjunction(items: Iterable[Predicate]) -> list[Predicate]:
    """The items in the order in which testing that all hold costs least."""
    return sorted(items, key=lambda item: _rank(*guess(item)))


def disjunction(items: Iterable[Predicate]) -> list[Predicate]:
    """The items in the order in which testing that any holds costs least."""

    def rank(item: Predicate) -> float:
        share, cost = guess(item)
        return _rank(1 - share, cost)

    return sorted(items, key=rank)


def _rank(share: float, cost: float) -> float:
    return cost / max(1e-9, 1 - share)


def _join(items: Sequence[Predicate | Guess]) -> Guess:
    share, cost = 1.0, 0.0
    for item in items:
        own = item if isinstance(item, Guess) else guess(item)
        cost += share * own.cost
        share *= own.share
    return Guess(share, cost)


def _leaf(leaf: Leaf) -> Guess:
    if leaf.op == "range" and isinstance(leaf.value, Bounds):
        return _range(leaf, leaf.value)
    if leaf.op in ("equals", "in"):
        count = len(leaf.value) if isinstance(leaf.value, tuple) else 1
        one = 0.5 if leaf.type == "boolean" else 0.12
        return Guess(min(0.7, one * count), 2.0 if count > 1 or leaf.many else 1.5)
    if leaf.op == "contains" and leaf.type == "keyword":
        return Guess(0.1, 2.5)
    if leaf.op == "exists":
        return Guess(0.7, 3.0)
    return Guess(0.15, 25.0)


def _range(leaf: Leaf, bounds: Bounds) -> Guess:
    relative = isinstance(bounds.lower, Now) or isinstance(bounds.upper, Now)
    both = bounds.lower is not None and bounds.upper is not None
    cost = 30.0 if relative else (2.5 if both else 1.8)
    return Guess(0.3 if both else 0.5, cost + 20 * leaf.many)
