"""What a node's `run.py` works with: the function that is being written, and the way on to other nodes.

Every kind of node writes its own piece and says where evaluation goes on. `engine.runtime.codegen` implements `Writer`;
nodes know only this much of it, so that they stay below the runtime. Source is made from checked IR alone: names that
the writer gives, constants as `repr` of text, numbers and booleans, and bound objects. What it may use besides: the
parameters `p c e now member path trace log` of the function (see `functions.py`), its dict `f` for features, the needs
of `engine.runtime.needs` by the names of their classes, and `own`, `present` and `tuple`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from ..ir.expression import Expression
from ..ir.graph import Experiment, GraphNode
from ..ir.types import Field


class Writer(Protocol):
    """The source of one ruleset as it grows."""

    tracing: bool
    """Whether the function traces."""

    def line(self, text: str) -> None:
        """Write one statement, or the head of one."""

    def block(self, head: str) -> AbstractContextManager[None]:
        """Statements under a head; notes made inside stay inside."""

    def name(self, what: str) -> str:
        """A fresh local."""

    def var(self, name: str) -> str:
        """The local that holds `vars.<name>`."""

    def bind(self, value: Any, name: str) -> str:
        """The name of a global that holds the object."""

    def readers(self, fields: tuple[Field, ...]) -> str:
        """The name of a global that reads the members of an object with these fields."""

    def value(self, expression: Expression) -> str:
        """Source of the value, None when it is missing."""

    def frozen_value(self, expression: Expression) -> str:
        """As `value`, for a part of a need: a list becomes a tuple."""

    def truth(self, expression: Expression) -> str:
        """Source of True or False."""

    def certain(self, expression: Expression) -> bool:
        """Whether it is never missing."""

    def is_private(self, expression: Expression) -> bool:
        """Whether it tells something personal, so that traces leave its value out."""

    def traced_value(self, source: str, *expressions: Expression) -> str:
        """Source of what a trace tells where the value depends on these: the value, or that it is personal."""

    def object(self, items: Iterable[tuple[str, Expression]]) -> str:
        """Source of an object with those items that are not missing."""

    def ask(self, needs: str) -> None:
        """Send needs, given as source of a tuple, to the driver, those aside that are answered already."""

    def experiment(self, name: str) -> Experiment:
        """The experiment of that name."""

    def callee(self, ruleset: str) -> tuple[str, bool]:
        """The name of another ruleset's function, and whether it is a generator."""

    def names_of(self, *expressions: Expression) -> dict[str, Expression]:
        """Every name that the expressions read and every segment that they ask for, by its text."""

    def traced_members(self, expressions: Mapping[str, Expression]) -> str:
        """Source of members with the value of each expression, personal ones redacted."""

    def traced_sources(self, sources: Mapping[str, str], expressions: Sequence[Expression]) -> str:
        """As `seen`, for values that stand in locals already."""

    def note(self, node: GraphNode, outcome: str, extra: str = "", seen: str = "", **details: str) -> None:
        """Note what the node did: source of the outcome, more of the path entry, and what only a trace tells."""

    def go(self, target: str) -> None:
        """Evaluation goes on at another node."""

    def finish(self, output: str) -> None:
        """The decision: source of the output object."""
