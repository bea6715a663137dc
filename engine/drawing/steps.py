"""A ruleset as numbered steps in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..ir.graph import Experiment, Ruleset
from ..nodes.kind import NodeKinds
from ..nodes.kinds import NODE_KINDS


def steps(ruleset: Ruleset, experiments: Mapping[str, Experiment], kinds: NodeKinds = NODE_KINDS) -> Iterator[str]:
    """The steps in the order in which they can follow each other; ways out name the step they lead to."""
    numbers = {node.name: number for number, node in enumerate(ruleset.nodes, 1)}
    width = len(str(len(numbers)))
    around = _Around(numbers)
    for node in ruleset.nodes:
        first, *rest = kinds.of(node).authoring().steps(node, around, experiments)
        yield f"{numbers[node.name]:>{width}}. {node.name}: {first}"
        yield from (f"{'':{width}}    {line}" for line in rest)


class _Around:
    """The steps around one, by their numbers; see `engine.nodes.telling.Steps`."""

    __slots__ = ("_numbers",)

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._numbers = numbers

    def to(self, target: str) -> str:
        """`→ 3 gift`."""
        return f"→ {self._number(target)}"

    def next_step(self, target: str) -> str:
        """`then 3 gift`."""
        return f"then {self._number(target)}"

    def result(self, bind: str | None, then: str | None) -> str:
        """What becomes of an object."""
        if then is None:
            return "the decision"
        return f"vars.{bind}, {self.next_step(then)}" if bind else self.next_step(then)

    def _number(self, target: str) -> str:
        return f"{self._numbers[target]} {target}"
