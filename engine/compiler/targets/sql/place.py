"""One field in one dialect, as the operators' SQL cells see it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ....ir.binding import placeholder
from ....ir.predicate import Anniversary, Now, Scalar
from ....ir.types import FieldType
from ....operators.core import Dialect, SqlValue
from ..placeholders import hash_placeholder, published_window
from .parameters import Parameters

FEW = 100  # constants that are written out one by one


@dataclass(frozen=True, slots=True)
class SqlField(ABC):
    """`column` and `words` are SQL of the field and of its tokens; `hash_path` is set for a field kept as hashes.

    `depth` tells how many elements of lists lie around it, so that their names differ.
    """

    column: str
    words: str
    type: FieldType
    many: bool
    depth: int
    parameters: Parameters
    hash_path: str | None = None

    dialect: ClassVar[Dialect]
    scalar_types: ClassVar[dict[FieldType, str]]

    @abstractmethod
    def some(self, test: Callable[[str], str]) -> str:
        """That the test holds for the value, or for some element."""

    @abstractmethod
    def present(self) -> str:
        """That the field is not missing."""

    @abstractmethod
    def one_of(self, values: Sequence[Scalar]) -> str:
        """That the value, or some element, is one of the constants."""

    @abstractmethod
    def any_word(self, words: Sequence[str]) -> str:
        """That one of the words is a token of the text."""

    @abstractmethod
    def every_word(self, words: Sequence[str]) -> str:
        """That all of the words are tokens of the text."""

    def bind(self, value: SqlValue) -> str:
        """A parameter of the field's type."""
        return self._cast(self.parameters.add(self._stored_value(value)), self.scalar_types[self.type])

    def bind_many(self, values: Sequence[Scalar]) -> str:
        """A parameter that is an array of the field's type."""
        stored = [self._stored_value(value) for value in values]
        return self._cast(self.parameters.add(stored), f"{self.scalar_types[self.type]}[]")

    def bind_text(self, value: str) -> str:
        """A parameter that is text."""
        return self._cast(self.parameters.add(value), self.scalar_types["keyword"])

    def bind_texts(self, values: Sequence[str]) -> str:
        """A parameter that is an array of text."""
        return self._cast(self.parameters.add(list(values)), f"{self.scalar_types['keyword']}[]")

    def month_days(self, window: Anniversary) -> str:
        """A parameter that is the array of the window's `MM-DD`."""
        return self._cast(self.parameters.add(published_window(window)), f"{self.scalar_types['keyword']}[]")

    def tokens(self) -> str:
        """The array of the text's tokens."""
        return self.words

    def _stored_value(self, value: SqlValue) -> Any:
        if isinstance(value, Now):
            return placeholder(value)
        return value if self.hash_path is None else hash_placeholder(self.hash_path, value)

    @staticmethod
    def _cast(text: str, kind: str) -> str:
        return f"CAST({text} AS {kind})"
