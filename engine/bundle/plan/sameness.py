"""Compares the meaning of values, without text written for people and without orders that do not matter."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from ...ir.canonical import canonical_bytes
from ...ir.codec import encode
from ...ir.expression import InSegment
from ...ir.frozen import Frozen
from ...ir.graph import GraphNode
from ...ir.predicate import AllOf, AnyOf, InList, Leaf, Predicate, Scalar
from ...ir.walk import rebuilt

Item = TypeVar("Item")
Part = TypeVar("Part")

Names = Mapping[str, Mapping[str, str]]
"""New names by old ones, for each of `segment`, `list`, `experiment` and `ruleset`."""

_SETS = frozenset({"in", "contains_all"})


def meaning(value: Any) -> bytes:
    """Bytes that are equal for IR values of equal meaning."""
    return canonical_bytes(_bare(encode(value)))


def _bare(data: Any) -> Any:
    if isinstance(data, list):
        return [_bare(item) for item in data]
    if not isinstance(data, dict):
        return data
    part = "$" in data  # the `text` of a part is the author's wording
    return {key: _bare(item) for key, item in data.items() if not (part and key == "text")}


def with_names(value: Part, names: Names) -> Part:
    """The IR value with old names in references replaced by new ones."""
    found: Part = _with_names(value, names) if any(names.values()) else value
    return found


def _with_names(value: Any, names: Names) -> Any:
    if isinstance(value, tuple):
        return tuple([_with_names(item, names) for item in value])
    if not isinstance(value, Frozen):
        return value
    members = {member: _with_names(getattr(value, member), names) for member in value.__match_args__}
    for member, kind in _references(value):
        members[member] = names.get(kind, {}).get(members[member], members[member])
    return type(value)(**members)


def _references(value: Frozen) -> Iterable[tuple[str, str]]:
    """The members that name a document, each with its kind in `Names`."""
    if isinstance(value, GraphNode):
        return [(member, kind.lower()) for member, kind in value.named.items()]
    if isinstance(value, InSegment):
        return (("segment", "segment"),)
    return (("list", "list"),) if isinstance(value, InList) else ()


def in_canonical_order(predicate: Predicate) -> Predicate:
    """The predicate with the items of groups and the values of sets sorted and without duplicates."""
    match predicate:
        case Leaf(value=tuple(values)) if predicate.op in _SETS:
            return replace(predicate, value=tuple(sorted(set(values), key=_value_order)))
        case AllOf(items):
            return AllOf(_sort(items))
        case AnyOf(items):
            return AnyOf(_sort(items))
    return rebuilt(predicate, in_canonical_order)


def _value_order(value: Scalar) -> tuple[str, Scalar]:
    return type(value).__name__, value


def _sort(items: tuple[Predicate, ...]) -> tuple[Predicate, ...]:
    by_meaning = {meaning(item): item for item in map(in_canonical_order, items)}
    return tuple(by_meaning[key] for key in sorted(by_meaning))


def find_renames(before: Mapping[str, Hashable], after: Mapping[str, Hashable]) -> dict[str, str]:
    """Old names by new ones, for values that moved unchanged to another name; only where the match is unique."""
    gone = _unique((name, value) for name, value in before.items() if name not in after)
    come = _unique((name, value) for name, value in after.items() if name not in before)
    return {come[value]: name for value, name in gone.items() if value in come}


def _unique(pairs: Iterable[tuple[str, Hashable]]) -> dict[Hashable, str]:
    found: dict[Hashable, list[str]] = {}
    for name, value in pairs:
        found.setdefault(value, []).append(name)
    return {value: names[0] for value, names in found.items() if len(names) == 1}
