"""Removes the constants that private fields are compared with, so that predicates can be described."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ..ir.encrypted import Encrypted, Tree, below
from ..ir.predicate import AllOf, Anniversary, AnyOf, Bounds, Leaf, LeafValue, Not, Now, Predicate
from ..ir.walk import rebuilt


class _Withheld(str):
    """A constant that is not shown."""

    __slots__ = ()


WITHHELD: Final = _Withheld()


def is_withheld(leaf: Leaf) -> bool:
    """Whether the leaf's constant is withheld."""
    return isinstance(leaf.value, _Withheld)


def tells_a_value(constant: LeafValue) -> bool:
    """Whether a constant is, or contains, a value; limits relative to now reveal nothing about a customer."""
    if isinstance(constant, Bounds):
        return any(tells_a_value(limit) for limit in (constant.lower, constant.upper))
    return constant is not None and not isinstance(constant, Now | Anniversary)


def without_constants(predicate: Predicate, encrypted: Encrypted) -> Predicate:
    """The predicate with `WITHHELD` for each constant compared with an encrypted field; groups are unchanged."""
    if isinstance(predicate, Not):
        return Not(without_constants(predicate.item, encrypted))
    if isinstance(predicate, AllOf | AnyOf) or not encrypted.mentions(predicate):
        return predicate
    return _without(predicate, encrypted, encrypted.fields)


def _without(predicate: Predicate, encrypted: Encrypted, tree: Tree | None) -> Predicate:
    if isinstance(predicate, Leaf):
        private = tree is None or below(tree, predicate.field) is None
        return replace(predicate, value=WITHHELD) if private and tells_a_value(predicate.value) else predicate
    trees = (inside for _, inside in encrypted.inside(predicate, tree))
    return rebuilt(predicate, lambda item: _without(item, encrypted, next(trees)))
