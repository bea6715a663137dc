"""Predicates without the constants that private fields are compared with, for telling what they say."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ..ir.encrypted import Encrypted, Tree, below
from ..ir.predicate import All, Any, Element, Events, EventSequence, Leaf, Not, Predicate


class _Withheld(str):
    """A constant that is not told."""

    __slots__ = ()


WITHHELD: Final = _Withheld()


def is_withheld(leaf: Leaf) -> bool:
    """Whether the leaf's constant was taken out."""
    return isinstance(leaf.value, _Withheld)


def without_constants(predicate: Predicate, encrypted: Encrypted) -> Predicate:
    """The predicate with `WITHHELD` for each constant of what counts as encrypted; groups are left as they are."""
    if isinstance(predicate, Not):
        return Not(without_constants(predicate.item, encrypted))
    if isinstance(predicate, All | Any) or not encrypted.mentions(predicate):
        return predicate
    return _without(predicate, encrypted, encrypted.fields)


def _without(predicate: Predicate, encrypted: Encrypted, tree: Tree | None) -> Predicate:
    match predicate:
        case Leaf():
            hidden = predicate.value is not None and (tree is None or below(tree, predicate.field) is None)
            return replace(predicate, value=WITHHELD) if hidden else predicate
        case Not(item):
            return Not(_without(item, encrypted, tree))
        case All(items) | Any(items):
            return replace(predicate, items=tuple(_without(item, encrypted, tree) for item in items))
        case Element(of, item):
            return Element(of, _without(item, encrypted, None if tree is None else below(tree, of)))
        case Events(type=kind, test=test, where=where):
            test = _without(test, encrypted, encrypted.of_test(predicate))
            return replace(predicate, test=test, where=_where(where, encrypted, kind))
        case EventSequence(steps):
            told = tuple(replace(step, where=_where(step.where, encrypted, step.type)) for step in steps)
            return replace(predicate, steps=told)
    return predicate


def _where(where: Predicate | None, encrypted: Encrypted, kind: str) -> Predicate | None:
    return None if where is None else _without(where, encrypted, encrypted.of_event(kind))
