"""An `experiment` node's meaning: the unit, and where each arm leads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from ...ir.expression import STRING, Expression, ValueType
from ...ir.frozen import frozen
from ...ir.graph import GraphNode, Makes, Personal, Secrets
from ...ir.value_types import is_text


@frozen
class ExperimentNode(GraphNode):
    """Assigns an arm and goes where the arm says; a unit outside the experiment goes to `otherwise`.

    `unit` yields the unit's id; `arms` are pairs of (arm, node).
    """

    kind: ClassVar[str] = "experiment"
    named: ClassVar[Mapping[str, str]] = {"experiment": "Experiment"}
    name: str
    experiment: str
    unit: Expression
    arms: tuple[tuple[str, str], ...]
    otherwise: str
    bind: str | None = None

    def expressions(self) -> Iterable[Expression]:
        """The unit."""
        return (self.unit,)

    def ways(self) -> Iterable[str]:
        """The node of each arm, then `otherwise`."""
        return [*(target for _, target in self.arms), self.otherwise]

    def binds(self) -> Iterable[str]:
        """The arm."""
        return () if self.bind is None else (self.bind,)

    def makes(self, outputs: Callable[[str], ValueType]) -> Makes:  # noqa: ARG002 - it calls no ruleset
        """The arm, as text."""
        return Makes(dict.fromkeys(self.binds(), STRING))

    def personal(self, secrets: Secrets) -> Personal:  # noqa: ARG002 - an arm is a name of the experiment's
        """Nothing: an arm tells nothing of the unit."""
        return Personal()

    def flaw(self) -> str | None:
        """The unit that is not text."""
        return None if is_text(self.unit.type) else f"the unit of `{self.name}` is not text"
