"""Predicates as Elasticsearch queries: filter context throughout, no date arithmetic, nothing ever dropped.

Behaviour and very long lists cannot be answered by the index; such a predicate becomes two queries that bound it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from ...ir.predicate import (
    AllOf,
    AnyOf,
    Constant,
    Element,
    Events,
    EventSequence,
    InList,
    Leaf,
    Not,
    Predicate,
)
from ...ir.types import Catalogue, Field
from ...ir.walk import rebuilt
from ...operators.core import Query, Unsupported
from ...operators.membership import VALUES_LIMIT
from ...operators.registry import CORE
from . import placeholders

bind = placeholders.bind

Lists = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Exact:
    """The query that finds exactly the profiles for which the predicate holds."""

    query: Query


@dataclass(frozen=True, slots=True)
class Candidates:
    """One query that finds all of the profiles and perhaps more, and one that finds some of them and no other."""

    surely_contains: Query
    surely_within: Query


def compile_query(predicate: Predicate, catalogue: Catalogue, lists: Lists | None = None) -> Exact | Candidates:
    """The query of a predicate on the catalogue's index, with placeholders; `lists` are the members by list name.

    It is `{"bool": {"filter": […]}}` with a clause for each condition at the top.
    """
    members = lists or {}
    if _is_exact(predicate, members):
        return Exact(_top(predicate, catalogue, members))
    return Candidates(
        _top(bound_predicate(predicate, members, wide=True), catalogue, members),
        _top(bound_predicate(predicate, members, wide=False), catalogue, members),
    )


def bound_predicate(predicate: Predicate, lists: Lists, *, wide: bool) -> Predicate:
    """The predicate with what the index cannot answer taken for true (`wide`) or false, the other way under `not`."""
    match predicate:
        case Events() | EventSequence():
            return Constant(wide)
        case InList(name) if len(lists[name]) > VALUES_LIMIT:
            return Constant(wide)
        case Not():
            return rebuilt(predicate, lambda item: bound_predicate(item, lists, wide=not wide))
        case AllOf() | AnyOf():
            return rebuilt(predicate, lambda item: bound_predicate(item, lists, wide=wide))
        case Constant() | Leaf() | Element() | InList():
            return predicate
    assert_never(predicate)


def _is_exact(predicate: Predicate, lists: Lists) -> bool:
    match predicate:
        case Events() | EventSequence():
            return False
        case InList(name):
            return len(lists[name]) <= VALUES_LIMIT
        case Not(item):
            return _is_exact(item, lists)
        case AllOf(items) | AnyOf(items):
            return all(_is_exact(item, lists) for item in items)
        case Constant() | Leaf() | Element():
            return True
    assert_never(predicate)


def _top(predicate: Predicate, catalogue: Catalogue, lists: Lists) -> Query:
    clauses = _Clauses(catalogue, lists)
    items = predicate.items if isinstance(predicate, AllOf) else (predicate,)
    return {"bool": {"filter": [clauses.of(item, "") for item in items]}}


@dataclass(frozen=True, slots=True)
class _Clauses:
    catalogue: Catalogue
    lists: Lists

    def of(self, predicate: Predicate, prefix: str) -> Query:
        """The clause of a predicate whose paths are relative to `prefix`."""
        match predicate:
            case Constant(value):
                return {"match_all": {}} if value else {"match_none": {}}
            case Not(item):
                return {"bool": {"must_not": [self.of(item, prefix)]}}
            case AllOf(items):
                return {"bool": {"filter": [self.of(item, prefix) for item in items]}}
            case AnyOf(items):
                return {"bool": {"should": [self.of(item, prefix) for item in items], "minimum_should_match": 1}}
            case Leaf():
                return self._leaf(predicate, prefix + predicate.field)
            case Element(of, item):
                path = prefix + of
                return _nest(path, self.of(item, f"{path}."))
            case InList(name):
                return {"terms": {self.catalogue.key: list(self.lists[name])}}
            case Events() | EventSequence():
                raise TypeError(f"{type(predicate).__name__} has no query of its own")
        assert_never(predicate)

    def _leaf(self, leaf: Leaf, path: str) -> Query:
        field = self.catalogue.field(path)
        if field is None:
            raise LookupError(f"`{path}` is not declared in the catalogue")
        if leaf.op == "exists":
            return _exists(field, path)
        if field.encrypted is not None:
            return _hash_query(leaf, path)
        return _operator_query(leaf, path)


def _operator_query(leaf: Leaf, path: str) -> Query:
    query = CORE[leaf.op].elasticsearch(leaf, path)
    if isinstance(query, Unsupported):
        raise TypeError(f"{leaf.op} has no query: {query.reason}")
    return query


def _nest(path: str, query: Query) -> Query:
    return {"nested": {"path": path, "query": query, "score_mode": "none"}}


def _exists(field: Field, path: str) -> Query:
    """An object is present when a member is; the index knows it by its members, or by its own document in a list."""
    if field.encrypted is not None:
        return {"term": {f"{path}.present": True}}
    if field.type != "object":
        return _operator_query(Leaf(path, "exists", None, field.type, field.many), path)
    if field.many:
        return _nest(path, {"match_all": {}})
    members = [_exists(member, f"{path}.{member.name}") for member in field.fields]
    return {"bool": {"should": members, "minimum_should_match": 1}}


def _hash_query(leaf: Leaf, path: str) -> Query:
    """A `term` or `terms` on the hashes, whose constants stay placeholders until the query is bound."""
    if isinstance(leaf.value, tuple):
        return {"terms": {f"{path}.hash": [placeholders.hash_placeholder(path, value) for value in leaf.value]}}
    return {"term": {f"{path}.hash": placeholders.hash_placeholder(path, leaf.value)}}
