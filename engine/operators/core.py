"""What a core operator is: its meaning on one present value, and one cell per target that must say the same."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

from ..ir.predicate import Anniversary, CoreName, Leaf, Now, Scalar
from ..ir.types import FieldType

Query: TypeAlias = dict[str, Any]
Dialect: TypeAlias = Literal["duckdb", "postgres"]
SqlValue: TypeAlias = "Scalar | Now | Anniversary"


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A cell that a target cannot have; the reason is shown to the author."""

    reason: str


def unsupported(reason: str) -> Unsupported:
    """The cell of an operator that a target cannot express."""
    return Unsupported(reason)


class SqlPlace(Protocol):
    """One field in one dialect: what a SQL cell is written with. All texts are SQL; null counts as false."""

    @property
    def dialect(self) -> Dialect:
        """Which database reads the text."""
        ...

    def bind(self, value: SqlValue) -> str:
        """A parameter that holds one constant of the field's type."""
        ...

    def bind_text(self, value: str) -> str:
        """A parameter that holds text, whatever the field's type."""
        ...

    def any_word(self, words: Sequence[str]) -> str:
        """That one of the words is a token of the text."""
        ...

    def every_word(self, words: Sequence[str]) -> str:
        """That all of the words are tokens of the text."""
        ...

    def some(self, test: Callable[[str], str]) -> str:
        """That the test (from the SQL of one value to SQL) holds for the value, or for some element of the list."""
        ...

    def one_of(self, values: Sequence[Scalar]) -> str:
        """That the value, or some element of the list, equals one of the constants."""
        ...

    def month_days(self, window: Anniversary) -> str:
        """A parameter that holds the days of the window, an array of `MM-DD`."""
        ...

    def present(self) -> str:
        """That the field is not missing."""
        ...

    def tokens(self) -> str:
        """The array of the text's tokens."""
        ...


class CoreOperator(ABC):
    """One operator of `Leaf`. Instances hold no state; `types` are the field types it is lowered to."""

    name: ClassVar[CoreName]
    types: ClassVar[tuple[FieldType, ...]]

    @abstractmethod
    def holds(self, leaf: Leaf, value: Any, now_ms: int) -> bool:
        """Whether the leaf holds for ONE present canonical value (an element, where the field is a list)."""

    @abstractmethod
    def elasticsearch(self, leaf: Leaf, field: str) -> Query | Unsupported:
        """The query on the index field `field`; relative instants as placeholders."""

    @abstractmethod
    def sql(self, leaf: Leaf, place: SqlPlace) -> str | Unsupported:
        """The boolean SQL expression, null standing for false."""

    @abstractmethod
    def english(self, leaf: Leaf, *, positive: bool) -> str:
        """What follows the field's name in a sentence, said or denied."""
