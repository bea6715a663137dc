"""Predicates as rows: a segment holds when every literal of one of its rows does.

That is disjunctive normal form, bounded. A group that would need more rows than the bound
stays one opaque literal, which a closure decides.
"""

from __future__ import annotations

from typing import NamedTuple, assert_never

from ...ir.predicate import AllOf, AnyOf, Constant, Element, Events, EventSequence, InList, Leaf, Not, Predicate

ROW_LIMIT = 16  # rows of one segment
LITERAL_LIMIT = 64  # literals of one row


class Literal(NamedTuple):
    """A predicate or its complement."""

    item: Predicate
    positive: bool


Row = tuple[Literal, ...]


def rows_of(predicate: Predicate) -> list[Row]:
    """The rows: none if the predicate never holds, one empty row if it always does."""
    return _rows(predicate, True)  # noqa: FBT003 - the sign of a literal


def _rows(item: Predicate, positive: bool) -> list[Row]:  # noqa: FBT001 - as above
    match item:
        case Not(inner):
            return _rows(inner, not positive)
        case Constant(value):
            return [()] if value is positive else []
        case AllOf(items) | AnyOf(items):
            parts = [_rows(each, positive) for each in items]
            if isinstance(item, AllOf) is positive:
                return _product(items, parts, positive)
            return _sum(item, parts, positive)
        case Leaf() | Element() | InList() | Events() | EventSequence():
            return [(Literal(item, positive),)]
    assert_never(item)


def _sum(item: Predicate, parts: list[list[Row]], positive: bool) -> list[Row]:  # noqa: FBT001 - as above
    if any(part == [()] for part in parts):
        return [()]
    found = list(dict.fromkeys(row for part in parts for row in part))
    return found if len(found) <= ROW_LIMIT else [(Literal(item, positive),)]


def _product(items: tuple[Predicate, ...], parts: list[list[Row]], positive: bool) -> list[Row]:  # noqa: FBT001 - as above
    """Every row of one part joined with every row of each other; parts that would be too many stay opaque."""
    if all(len(part) == 1 for part in parts):
        return [tuple([literal for part in parts for literal in part[0]])]
    found: list[Row] = [()]
    for item, part in sorted(zip(items, parts, strict=True), key=lambda pair: len(pair[1])):
        if not part:
            return []
        longest = max(map(len, found)) + max(map(len, part))
        fits = len(part) == 1 or (len(found) * len(part) <= ROW_LIMIT and longest <= LITERAL_LIMIT)
        own = part if fits else [(Literal(item, positive),)]
        found = [tuple(dict.fromkeys(left + right)) for left in found for right in own]
    return found
