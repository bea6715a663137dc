"""A predicate as a condition in SQL. Null stands for false: `AND` and `OR` keep to that, `NOT` is `IS NOT TRUE`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from ....ir.predicate import AllOf, AnyOf, Constant, Element, Events, EventSequence, InList, Leaf, Not, Predicate
from ....ir.types import Catalogue, Field
from ....operators.core import Dialect, Unsupported
from ....operators.registry import CORE
from .. import placeholders
from . import duckdb, postgres
from .names import TABLE, column_name, quote, tokens_name
from .parameters import Parameters
from .place import SqlField


@dataclass(frozen=True, slots=True)
class SqlQuery:
    """A condition on the table of profiles, and its parameters by name: JSON data, placeholders among it.

    `key` is the column that holds the profile's key.
    """

    where: str
    parameters: Mapping[str, Any]
    key: str

    @property
    def text(self) -> str:
        """The statement that gives the keys of the profiles for which the predicate holds."""
        return f"SELECT {quote(self.key)} FROM {quote(TABLE)} WHERE {self.where}"

    def bind(
        self, now_ms: int, hasher: placeholders.Hasher | None = None, lists: placeholders.Lists | None = None
    ) -> dict[str, Any]:
        """The parameters as the database's client takes them."""
        return {name: placeholders.bind(value, now_ms, hasher, lists) for name, value in self.parameters.items()}


@dataclass(frozen=True, slots=True)
class _Dialect:
    place: type[SqlField]
    member: Callable[[str, str], str]
    element: Callable[[str, str, str], str]
    in_list: Callable[[str, str], str]


_DIALECTS: dict[Dialect, _Dialect] = {
    "duckdb": _Dialect(duckdb.DuckDbPlace, duckdb.member, duckdb.element, duckdb.in_list),
    "postgres": _Dialect(postgres.PostgresPlace, postgres.member, postgres.element, postgres.in_list),
}
DIALECTS: tuple[Dialect, ...] = tuple(_DIALECTS)


class _UnsupportedError(Exception):
    """A cell that the dialect does not have."""


def compile_sql(
    predicate: Predicate, catalogue: Catalogue, dialect: Dialect, prefix: str = "p"
) -> SqlQuery | Unsupported:
    """The query of a predicate, or why the dialect cannot have one; parameters are called `prefix` and a number.

    The condition is never null.
    """
    parameters = Parameters(dialect, prefix)
    writer = _Writer(catalogue, _DIALECTS[dialect], parameters)
    try:
        where = writer.of(predicate, _Root(None, "", 0))
    except _UnsupportedError as problem:
        return Unsupported(str(problem))
    return SqlQuery(f"({where}) IS TRUE", parameters.values, column_name(catalogue.key, dialect))


@dataclass(frozen=True, slots=True)
class _Root:
    """Where relative paths begin: the row (`name` None), or an element of a list of objects under its SQL name."""

    name: str | None
    path: str
    depth: int


@dataclass(frozen=True, slots=True)
class _Writer:
    catalogue: Catalogue
    dialect: _Dialect
    parameters: Parameters

    def of(self, predicate: Predicate, root: _Root) -> str:
        """The condition, in which null stands for false."""
        match predicate:
            case Constant(value):
                return "TRUE" if value else "FALSE"
            case Not(item):
                return f"({self.of(item, root)}) IS NOT TRUE"
            case AllOf(items):
                return " AND ".join(f"({self.of(item, root)})" for item in items)
            case AnyOf(items):
                return " OR ".join(f"({self.of(item, root)})" for item in items)
            case Leaf():
                return self._leaf(predicate, root)
            case Element(of, item):
                return self._element(of, item, root)
            case InList(name):
                key = column_name(self.catalogue.key, self.dialect.place.dialect)
                return self.dialect.in_list(key, self.parameters.add({"$list": name}))
            case Events() | EventSequence():
                raise _UnsupportedError("conditions on events are answered by the matcher, which has the events")
        assert_never(predicate)

    def _leaf(self, leaf: Leaf, root: _Root) -> str:
        place = self._place(leaf.field, root)
        text = CORE[leaf.op].sql(leaf, place)
        if isinstance(text, Unsupported):
            raise _UnsupportedError(f"`{leaf.op}` on `{root.path}{leaf.field}`: {text.reason}")
        return text

    def _element(self, of: str, item: Predicate, root: _Root) -> str:
        place = self._place(of, root)
        name = f"e{root.depth + 1}"
        inner = self.of(item, _Root(name, f"{root.path}{of}.", root.depth + 1))
        return self.dialect.element(place.column, name, inner)

    def _place(self, path: str, root: _Root) -> SqlField:
        field = self.catalogue.field(root.path + path)
        if field is None:
            raise LookupError(f"`{root.path}{path}` is not declared in the catalogue")
        *parents, name = path.split(".")
        holder = root.name
        for parent in parents:
            holder = self._member(holder, parent)
        return self.dialect.place(
            column=self._member(holder, name),
            words=self._member(holder, tokens_name(name)),
            type="keyword" if field.encrypted == "equality" else field.type,
            many=field.many and field.encrypted != "none",
            depth=root.depth,
            parameters=self.parameters,
            hash_path=_hash_path(field, root.path + path),
        )

    def _member(self, holder: str | None, name: str) -> str:
        if holder is not None:
            return self.dialect.member(holder, name)
        return quote(column_name(name, self.dialect.place.dialect))


def _hash_path(field: Field, path: str) -> str | None:
    return path if field.encrypted == "equality" else None
