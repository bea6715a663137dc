"""A `bandit` node's meaning: the arms, when each may be picked, and where it leads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from ...ir.expression import FLOAT, STRING, Expression, ValueType
from ...ir.frozen import frozen
from ...ir.graph import GraphNode, GraphPart, Makes, Personal, Secrets, SetItem
from ...ir.value_types import is_text


@frozen
class BanditArm(GraphPart):
    """An arm, and when it may be picked (None: always)."""

    name: str
    when: Expression | None = None


@frozen
class BanditNode(GraphNode):
    """Picks one of the eligible arms and binds `{arm, probability}`; goes to `then`, or where the arm says.

    When nobody can choose it is the fallback arm with probability 1 (where that may not be picked, the first that may
    be), or, where `otherwise` is given, no arm at all.
    """

    kind: ClassVar[str] = "bandit"
    named: ClassVar[Mapping[str, str]] = {"bandit": "Bandit"}
    name: str
    bandit: str
    unit_type: str
    unit: Expression
    choices: tuple[BanditArm, ...]
    fallback: str
    features: tuple[SetItem, ...] = ()
    bind: str | None = None
    then: str | None = None
    arms: tuple[tuple[str, str], ...] = ()
    otherwise: str | None = None
    timeout: int = 20

    def expressions(self) -> Iterable[Expression]:
        """The unit, the conditions of arms, the features."""
        conditions = [choice.when for choice in self.choices if choice.when is not None]
        return [self.unit, *conditions, *(item.value for item in self.features)]

    def ways(self) -> Iterable[str]:
        """The node of each arm, `then` and `otherwise`, as far as they are given."""
        return [*(target for _, target in self.arms), *(way for way in (self.then, self.otherwise) if way is not None)]

    def binds(self) -> Iterable[str]:
        """The arm with its probability."""
        return () if self.bind is None else (self.bind,)

    def makes(self, outputs: Callable[[str], ValueType]) -> Makes:  # noqa: ARG002 - it calls no ruleset
        """The arm, as text, with its probability."""
        picked = ValueType("object", members=(("arm", STRING), ("probability", FLOAT)))
        return Makes(dict.fromkeys(self.binds(), picked))

    def personal(self, secrets: Secrets) -> Personal:  # noqa: ARG002 - an arm is a name of the bandit's
        """Nothing: an arm tells nothing of the unit."""
        return Personal()

    def flaw(self) -> str | None:
        """No way on for an arm that was picked, no arms, or a unit that is not text."""
        if not is_text(self.unit.type):
            return f"the unit of `{self.name}` is not text"
        leads = self.choices and (self.then is not None or self.arms)
        return None if leads else f"`{self.name}` leads nowhere"
