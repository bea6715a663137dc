"""What the shapes of nodes have in common: the ways that they lead, and the rulesets that they call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from ..diagnostics import Path
from ..shapes.base import Shape

Way: TypeAlias = tuple[str, Path]
"""A name that a node leads to or calls, and where that is written; paths begin at the node."""


class NodeShape(Shape):
    """One node as authors write it."""

    def ways(self) -> Iterable[Way]:
        """Where it may lead, in the order of its text: `arms` by their names, `then` and `otherwise`."""
        arms = getattr(self, "arms", None) or {}
        yield from ((target, ("arms", arm)) for arm, target in sorted(arms.items()))
        for key in ("then", "otherwise"):
            target = getattr(self, key, None)
            if target is not None:
                yield target, (key,)

    def calls(self) -> Iterable[Way]:
        """The rulesets that it calls."""
        return ()
