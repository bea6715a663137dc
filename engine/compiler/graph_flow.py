"""What is known at each node: the vars and feature views that every way to it has set, and those of some ways only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..ir.expression import ANY, ValueType


@dataclass(frozen=True, slots=True)
class Known:
    """Names with their types: `sure` on every way, `some` on some way at least (those that are sure included).

    Those that have different types on different ways are `clashing`, and among `some`.
    """

    sure: Mapping[str, ValueType] = field(default_factory=dict)
    some: Mapping[str, ValueType] = field(default_factory=dict)
    clashing: frozenset[str] = frozenset()

    def having(self, added: Mapping[str, ValueType]) -> Known:
        """The same after a node that sets more."""
        return Known({**self.sure, **added}, {**self.some, **added}, self.clashing - added.keys()) if added else self


def merged(ways: Sequence[Known]) -> Known:
    """What is known where several ways meet; a name with two types is known on no way for sure."""
    if not ways:
        return Known()
    some: dict[str, ValueType] = {}
    clashing = set().union(*(way.clashing for way in ways))
    for way in ways:
        for name, kind in way.some.items():
            earlier = some.setdefault(name, kind)
            if earlier != kind and ANY not in (earlier, kind):
                clashing.add(name)
    sure = {name: kind for name, kind in ways[0].sure.items() if all(name in way.sure for way in ways)}
    return Known(
        {name: kind for name, kind in sure.items() if name not in clashing},
        {name: ANY if name in clashing else kind for name, kind in some.items()},
        frozenset(clashing),
    )
