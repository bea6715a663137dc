"""How large a compiled query is, counted as the server counts it, and what is too large."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...ir.predicate import Leaf, Predicate
from ...ir.types import Catalogue
from ...ir.walk import children
from ...operators.core import Query
from ...operators.text import tokens

LEVELS_LIMIT = 25  # the server refuses 30
LEAVES_LIMIT = 1_024


@dataclass(frozen=True, slots=True)
class QuerySize:
    """Levels of queries inside queries, the outermost counting one; leaves, each word of a text counting one."""

    levels: int
    leaves: int


@dataclass(frozen=True, slots=True)
class LimitProblem:
    """A limit that a query exceeds, and what to do."""

    message: str
    help: str


def query_size(query: Query, catalogue: Catalogue) -> QuerySize:
    """The size of a compiled query on the catalogue's index."""
    inner = [query_size(each, catalogue) for each in _inner(query)]
    if not inner:
        return QuerySize(1, _leaves(query, catalogue))
    return QuerySize(1 + max(each.levels for each in inner), sum(each.leaves for each in inner))


def surely_within(predicate: Predicate) -> bool:
    """Whether the query of a predicate is certainly not too large: told from the predicate, without making a query.

    Each predicate adds one level at most, below the outermost one, and a text no more words than it has characters.
    """
    room = LEAVES_LIMIT
    open_parts = [(predicate, 2)]
    while open_parts:
        part, level = open_parts.pop()
        if isinstance(part, Leaf):
            if part.type == "object":  # asked by its members
                return False
            room -= max(1, len(part.value)) if part.type == "text" and isinstance(part.value, str) else 1
        else:
            room -= 1
            level += 1
            open_parts.extend([(each, level) for each in children(part)])
        if room < 0 or level > LEVELS_LIMIT:
            return False
    return True


def check_limits(query: Query, name: str, catalogue: Catalogue) -> list[LimitProblem]:
    """What is too large about the query of the segment `name`."""
    size = query_size(query, catalogue)
    problems: list[LimitProblem] = []
    if size.levels > LEVELS_LIMIT:
        found = (
            f"`{name}` has {size.levels} nested levels once references are expanded, expected at most {LEVELS_LIMIT}"
        )
        problems.append(LimitProblem(found, "flatten groups: an `all` directly inside an `all` needs no level"))
    if size.leaves > LEAVES_LIMIT:
        found = (
            f"`{name}` has {size.leaves:,} conditions once references are expanded, expected at most {LEAVES_LIMIT:,}"
        )
        problems.append(LimitProblem(found, "join conditions on one field into one `in`, or use a `MemberList`"))
    return problems


def _inner(query: Query) -> Iterator[Query]:
    for name, body in query.items():
        if name == "bool":
            for kind in ("filter", "must_not", "should"):
                yield from body.get(kind, ())
        elif name == "nested":
            yield body["query"]


def _leaves(query: Query, catalogue: Catalogue) -> int:
    """One for each word of a text, and for anything else one."""
    for name, body in query.items():
        if name in {"match", "match_phrase"}:
            ((path, value),) = body.items()
            field = catalogue.field(path)
            if field is not None and field.type == "text":
                return len(tokens(str(value["query"] if isinstance(value, dict) else value)))
    return 1
