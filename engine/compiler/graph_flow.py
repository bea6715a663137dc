"""What is known at each node: the vars and feature views that every way to it has set, and those of some ways only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..ir.expression import ANY, FLOAT, ValueType


@dataclass(frozen=True, slots=True)
class Known:
    """Names with their types: `sure` on every way, `some` on some way at least (those that are sure included).

    Those whose types on different ways have nothing in common are `clashing`, and among `some`. Those that are an
    integer on one way and a double on another are doubles, and `widened`.
    """

    sure: Mapping[str, ValueType] = field(default_factory=dict)
    some: Mapping[str, ValueType] = field(default_factory=dict)
    clashing: frozenset[str] = frozenset()
    widened: frozenset[str] = frozenset()

    def having(self, added: Mapping[str, ValueType]) -> Known:
        """The same after a node that sets more."""
        if not added:
            return self
        sure, some = {**self.sure, **added}, {**self.some, **added}
        return Known(sure, some, self.clashing.difference(added), self.widened.difference(added))


def merge(ways: Sequence[Known]) -> Known:
    """What is known where several ways meet; a name with two types is known on no way for sure."""
    if not ways:
        return Known()
    some: dict[str, ValueType] = {}
    clashing = set().union(*(way.clashing for way in ways))
    widened = set().union(*(way.widened for way in ways))
    for way in ways:
        for name, kind in way.some.items():
            earlier = some.setdefault(name, kind)
            if earlier.is_number and kind.is_number and earlier.kind != kind.kind:
                some[name] = FLOAT
                widened.add(name)
            elif (both := _both(earlier, kind)) is not None:
                some[name] = both
            else:
                clashing.add(name)
    sure = [name for name in ways[0].sure if name not in clashing and all(name in way.sure for way in ways)]
    return Known(
        {name: some[name] for name in sure},
        {name: ANY if name in clashing else kind for name, kind in some.items()},
        frozenset(clashing),
        frozenset(widened),
    )


def _both(one: ValueType, other: ValueType) -> ValueType | None:
    """The type of a value that has one of two; None when there is none. What is missing has any type."""
    if one == other or other.kind == "null":
        return one
    if one.kind == "null":
        return other
    if "any" in {one.kind, other.kind}:
        return ANY
    if (one.kind, one.sealed) != (other.kind, other.sealed):
        return None
    if one.kind == "array" and one.of is not None and other.of is not None:
        element = _both(one.of, other.of)
        return None if element is None else replace(one, of=element)
    if one.kind == "object":
        return _both_objects(one, other)
    values = tuple(sorted({*one.values, *other.values})) if one.values and other.values else ()
    return replace(one, values=values, normalize=one.normalize if one.normalize == other.normalize else None)


def _both_objects(one: ValueType, other: ValueType) -> ValueType | None:
    theirs = dict(other.members)
    if theirs.keys() != {name for name, _ in one.members}:
        return None
    members = []
    for name, kind in one.members:
        both = _both(kind, theirs[name])
        if both is None:
            return None
        members.append((name, both))
    return replace(one, members=tuple(members))
