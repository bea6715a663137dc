"""How nodes are told: as boxes and arrows, as steps in words, in what tests cover, in what a plan says has changed.

Each kind has its words in its `telling.py`; what is here are the values that it gives and the words that several share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from ..ir.graph import SetItem
from ..operators.phrases import expression_text

Form: TypeAlias = Literal["box", "round", "chamfered", "cut", "framed", "drum"]


class Look(NamedTuple):
    """The outline of a box and its colours; outline and word tell kinds apart where colours do not."""

    form: Form
    fill: str
    edge: str


class DrawnWay(NamedTuple):
    """An arrow to another node, with what is written on it; `last` is what is left over."""

    target: str
    label: str = ""
    last: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A decision table: what its columns are called, and the cells of its rows as text; `more` rows are not shown."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int = 0

    @property
    def heading(self) -> tuple[str, ...]:
        """The name of each column; outputs are marked with an arrow."""
        return (*self.inputs, *(f"→ {name}" for name in self.outputs))

    @property
    def summary(self) -> str:
        """The columns in one line."""
        return f"{', '.join(self.inputs)} → {', '.join(self.outputs)}"


class Steps(Protocol):
    """The numbered steps of a ruleset around one of them."""

    def to(self, target: str) -> str:
        """`→ 3 gift`."""

    def next_step(self, target: str) -> str:
        """`then 3 gift`."""

    def result(self, bind: str | None, then: str | None) -> str:
        """What becomes of an object: the decision, or a var with which it goes on."""


class Listed(NamedTuple):
    """Parts of a node that stand in an order, for a plan: the member that holds them, the word for one, and its text.

    Parts of equal `key` are the same one; where they go on otherwise than before, `now` says where to.
    """

    member: str
    noun: str
    text: Callable[[Any], str]
    key: Callable[[Any], Any] = lambda part: part
    now: Callable[[Any], str] | None = None


def binding_text(name: str | None) -> str:
    """What a box says of the var that a node binds."""
    return f", as vars.{name}" if name else ""


def item_text(item: SetItem) -> str:
    """The value as it was written."""
    return item.text or expression_text(item.value)


def item_lines(items: Iterable[SetItem]) -> Iterator[str]:
    """A line for each named value."""
    yield from (f"{item.name} = {item_text(item)}" for item in items)


def items_text(items: Iterable[SetItem]) -> str:
    """Named values in one line."""
    return ", ".join(item_lines(items)) or "nothing"


def last_way(target: str | None, label: str) -> Iterator[DrawnWay]:
    """The arrow for what is left over, where there is one."""
    if target is not None:
        yield DrawnWay(target, label, last=True)
