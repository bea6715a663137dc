"""DuckDB: objects as structs, instants as timestamps in UTC, lists as lists.

Searching a list for each of several constants is many times as fast there as `list_has_any`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ....ir.predicate import Scalar
from ....ir.types import FieldType
from ....operators.core import Dialect
from .names import quote
from .place import FEW, SqlField

SCALAR_TYPES: dict[FieldType, str] = {
    "keyword": "VARCHAR",
    "text": "VARCHAR",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "TIMESTAMP",
    "day": "DATE",
    "geo_point": "STRUCT(lat DOUBLE, lon DOUBLE)",
}


@dataclass(frozen=True, slots=True)
class DuckDbPlace(SqlField):
    """A field in DuckDB."""

    dialect: ClassVar[Dialect] = "duckdb"
    scalar_types: ClassVar[dict[FieldType, str]] = SCALAR_TYPES

    def some(self, test: Callable[[str], str]) -> str:
        """The test itself, or a filter of the list."""
        if not self.many:
            return test(self.column)
        name = f"x{self.depth}"
        return f"len(list_filter({self.column}, lambda {name}: {test(name)})) > 0"

    def present(self) -> str:
        """Not null; for a list, that some element is not."""
        return f"list_count({self.column}) > 0" if self.many else f"{self.column} IS NOT NULL"

    def one_of(self, values: Sequence[Scalar]) -> str:
        """`=`, `IN`, or a function of lists."""
        if self.many:
            if len(values) == 1:
                return f"list_contains({self.column}, {self.bind(values[0])})"
            if len(values) > FEW:
                return f"list_has_any({self.column}, {self.bind_many(values)})"
            return " OR ".join(f"list_contains({self.column}, {self.bind(value)})" for value in values)
        if len(values) == 1:
            return f"{self.column} = {self.bind(values[0])}"
        if len(values) <= FEW:
            return f"{self.column} IN ({', '.join(self.bind(value) for value in values)})"
        if self.depth:  # a lambda holds no subquery
            return f"list_contains({self.bind_many(values)}, {self.column})"
        return f"{self.column} IN (SELECT unnest({self.bind_many(values)}))"

    def any_word(self, words: Sequence[str]) -> str:
        """A search for each word."""
        return " OR ".join(f"list_contains({self.words}, {self.bind_text(word)})" for word in words)

    def every_word(self, words: Sequence[str]) -> str:
        """A search for each word."""
        return " AND ".join(f"list_contains({self.words}, {self.bind_text(word)})" for word in words)


def member(value: str, name: str) -> str:
    """The SQL of a member of an object."""
    return f"struct_extract({value}, '{name}')"


def element(items: str, name: str, test: str) -> str:
    """That the test holds for some element, which it calls `name`."""
    return f"len(list_filter({items}, lambda {name}: {test})) > 0"


def in_list(key: str, members: str) -> str:
    """That the key is among the members."""
    return f"{quote(key)} IN (SELECT unnest(CAST({members} AS VARCHAR[])))"
