"""What is indexed and what is left to closures: every literal of every row goes to a column or to the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal as OneOf

from ...ir.predicate import Bounds, Leaf, Now
from ...operators.text import tokens
from .calendar import Calendar
from .columns import Column, Equality
from .intervals import bounds_of, number_limits, relative_limits
from .mentions import Mentions, Presence
from .order import Age, Order
from .rows import Literal, Row

Kind = OneOf["equality", "order", "age", "calendar", "element", "no_element", "token", "no_token", "presence"]
SINGLE = frozenset({"keyword", "integer", "boolean", "date", "day", "number"})
SLOT_LIMIT = 4  # conditions of one row on one list that are indexed

# A column costs its look-up at every call; with fewer rows than that, checking the rows that are left costs less.
FEWEST: Mapping[Kind, int] = {
    "equality": 4,
    "order": 6,
    "age": 12,
    "calendar": 40,
    "element": 12,
    "no_element": 12,
    "token": 20,
    "no_token": 20,
    "presence": 6,
}
FEWEST_AGAIN = 48  # rows with a second condition on the same list

Slot = tuple[Kind, str, int]


@dataclass(slots=True)
class MatchPlan:
    """Literals by column and row, and the literals of each row that are decided by closures.

    `reach` is how far from now, in milliseconds, the furthest limit relative to it lies.
    """

    slots: dict[Slot, dict[int, list[Literal]]] = field(default_factory=lambda: defaultdict(dict))
    rest: dict[int, list[Literal]] = field(default_factory=lambda: defaultdict(list))
    reach: int = 0

    def add(self, row: int, literals: Row) -> None:
        """Note the literals of a row."""
        for literal in literals:
            found = list(columns_of(literal))
            for kind, path, part, whole in found:
                self._note(row, kind, path, part)
                if not whole:
                    self.rest[row].append(literal)
            if not found:
                self.rest[row].append(literal)

    def _note(self, row: int, kind: Kind, path: str, part: Literal) -> None:
        number = 0
        if kind in ("element", "token"):
            while row in self.slots[kind, path, number]:
                number += 1
            if number >= SLOT_LIMIT:
                self.rest[row].append(part)
                return
        self.slots[kind, path, number].setdefault(row, []).append(part)

    def settle(self, *, everything: bool) -> None:
        """Leave to closures what is not worth a column, unless everything is to be indexed."""
        for slot, rows in list(self.slots.items()):
            fewest = FEWEST_AGAIN if slot[2] else FEWEST[slot[0]]
            if len(rows) < fewest and not everything:
                for row, literals in rows.items():
                    self.rest[row].extend(literals)
                del self.slots[slot]

    def columns(self) -> list[Column]:
        """The columns, the cheapest look-ups first; lists and texts last."""
        return [column for _, column in self.columns_by_path()]

    def columns_by_path(self) -> list[tuple[str, Column]]:
        """The same, each with the path that it is about."""
        found: list[tuple[int, str, Column]] = []
        mentioned: set[tuple[str, bool]] = set()
        for (kind, path, _), rows in self.slots.items():
            if kind == "equality":
                found.append((0, path, Equality(path, rows)))
            elif kind == "order":
                found.append((1, path, Order(path, {row: list(_absolute(each)) for row, each in rows.items()})))
            elif kind == "age":
                found.append((2, path, Age(path, {row: self._relative(each) for row, each in rows.items()})))
            elif kind == "calendar":
                parts = {row: [(bounds_of(one), one.positive) for one in each] for row, each in rows.items()}
                found.append((3, path, Calendar(path, parts)))
            elif kind == "presence":
                found.append((0, path, Presence(path, rows)))
            else:
                mentioned.add((path, kind in ("token", "no_token")))
        found += [(5 if text else 4, path, self._mentions(path, text=text)) for path, text in mentioned]
        return [(path, column) for _, path, column in sorted(found, key=lambda each: each[:2])]

    def _mentions(self, path: str, *, text: bool) -> Mentions:
        kind: Kind = "token" if text else "element"
        no_kind: Kind = "no_token" if text else "no_element"
        slots = [
            {row: literals[0] for row, literals in self.slots[kind, path, number].items()}
            for number in range(SLOT_LIMIT)
            if (kind, path, number) in self.slots
        ]
        denied: Mapping[int, Sequence[Literal]] = self.slots.get((no_kind, path, 0), {})
        return Mentions(path, slots, denied, text=text)

    def _relative(self, literals: Sequence[Literal]) -> list[tuple[tuple[int | None, int | None], bool]]:
        found = [(relative_limits(bounds_of(literal)), literal.positive) for literal in literals]
        amounts = [abs(limit) for limits, _ in found for limit in limits if limit is not None]
        self.reach = max([self.reach, *amounts])
        return found


def _absolute(literals: Sequence[Literal]) -> Iterator[tuple[tuple[object, object], bool]]:
    for literal in literals:
        leaf = literal.item
        limits = number_limits(bounds_of(literal), leaf.type) if isinstance(leaf, Leaf) else None
        if limits is None:
            raise TypeError("a range without exact cuts")
        yield limits, literal.positive


Placed = tuple[Kind, str, Literal, bool]


def columns_of(literal: Literal) -> Iterator[Placed]:
    """The columns of a literal: kind, path, the part that is indexed, and whether that part is the whole literal."""
    leaf = literal.item
    if not isinstance(leaf, Leaf):
        return
    if leaf.op == "range":
        if not leaf.many:
            yield from _range_columns(leaf, literal.positive)
    elif leaf.op in _WORDS and leaf.type == "text" and not leaf.many:
        yield from _word_columns(leaf, literal.positive)
    elif leaf.op == "exists":
        single = leaf.type in SINGLE and not leaf.many
        yield "equality" if single else "presence", leaf.field, literal, True
    elif leaf.op in ("equals", "in", "contains") and leaf.type in SINGLE:
        if not leaf.many:
            yield "equality", leaf.field, literal, True
        elif "." not in leaf.field:
            yield "element" if literal.positive else "no_element", leaf.field, literal, True


_WORDS = ("contains", "contains_all", "contains_phrase")


def _word_columns(leaf: Leaf, positive: bool) -> Iterator[Placed]:  # noqa: FBT001 - the sign of a literal
    """All words of a phrase occur in the text: the longest one is looked up, and a closure checks the phrase."""
    words = tokens(str(leaf.value))
    if leaf.op == "contains" or len(words) == 1:
        yield "token" if positive else "no_token", leaf.field, Literal(leaf, positive), True
    elif positive and words:
        yield (
            "token",
            leaf.field,
            Literal(replace(leaf, op="contains", value=max(words, key=len)), positive=True),
            False,
        )


def _range_columns(leaf: Leaf, positive: bool) -> Iterator[Placed]:  # noqa: FBT001 - as above
    bounds = leaf.value
    if not isinstance(bounds, Bounds):
        return
    kinds = {_kind(limit) for limit in (bounds.lower, bounds.upper) if limit is not None}
    if len(kinds) == 1 and (kinds != {"order"} or number_limits(bounds, leaf.type) is not None):
        yield kinds.pop(), leaf.field, Literal(leaf, positive), True
    elif len(kinds) == 2 and positive:  # each side can be tested separately, as there is only one value
        yield _kind(bounds.lower), leaf.field, Literal(replace(leaf, value=replace(bounds, upper=None)), positive), True
        yield _kind(bounds.upper), leaf.field, Literal(replace(leaf, value=replace(bounds, lower=None)), positive), True


def _kind(limit: object) -> Kind:
    if not isinstance(limit, Now):
        return "order"
    return "age" if limit.unit == "ms" else "calendar"
