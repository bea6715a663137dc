"""PostgreSQL: objects as composite types, instants with time zone, lists as arrays; text compares by bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ....ir.predicate import Scalar
from ....ir.types import FieldType
from ....operators.core import Dialect
from .names import column_name, quote
from .place import SqlField

SCALAR_TYPES: dict[FieldType, str] = {
    "keyword": "text",
    "text": "text",
    "number": "double precision",
    "integer": "bigint",
    "boolean": "boolean",
    "date": "timestamptz",
    "day": "date",
    "geo_point": "point",
}


@dataclass(frozen=True, slots=True)
class PostgresPlace(SqlField):
    """A field in PostgreSQL."""

    dialect: ClassVar[Dialect] = "postgres"
    scalar_types: ClassVar[dict[FieldType, str]] = SCALAR_TYPES

    def some(self, test: Callable[[str], str]) -> str:
        """The test itself, or a subquery over the array."""
        if not self.many:
            return test(self.column)
        name = f"x{self.depth}"
        return f"EXISTS (SELECT 1 FROM unnest({self.column}) AS {name}(value) WHERE {test(f'{name}.value')})"

    def present(self) -> str:
        """Not null; an object is null when all of its members are."""
        if self.many:
            return f"cardinality({self.column}) > 0"
        return f"NOT ({self.column} IS NULL)" if self.type == "object" else f"{self.column} IS NOT NULL"

    def one_of(self, values: Sequence[Scalar]) -> str:
        """`=`, `ANY`, or an overlap of arrays."""
        if self.many:
            if len(values) == 1:
                return f"{self.bind(values[0])} = ANY({self.column})"
            return f"{self.column} && {self.bind_many(values)}"
        if len(values) == 1:
            return f"{self.column} = {self.bind(values[0])}"
        return f"{self.column} = ANY({self.bind_many(values)})"

    def any_word(self, words: Sequence[str]) -> str:
        """An overlap of arrays."""
        return f"{self.words} && {self.bind_texts(words)}"

    def every_word(self, words: Sequence[str]) -> str:
        """Containment of arrays."""
        return f"{self.words} @> {self.bind_texts(words)}"


def member(value: str, name: str) -> str:
    """The SQL of a member of an object."""
    return f"({value}).{quote(column_name(name, PostgresPlace.dialect))}"


def element(items: str, name: str, test: str) -> str:
    """That the test holds for some element, which it calls `name`."""
    return f"EXISTS (SELECT 1 FROM unnest({items}) AS {name} WHERE {test})"


def in_list(key: str, members: str) -> str:
    """That the key is among the members."""
    return f"{quote(key)} = ANY(CAST({members} AS text[]))"
