"""Random predicates and canonical profiles of one catalogue, their values chosen to collide and to stand on edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, nextafter
from random import Random
from typing import Any

from engine.ir.instant import FIRST_MS, LAST_MS, format_instant
from engine.ir.predicate import (
    AllOf,
    Anniversary,
    AnyOf,
    Bounds,
    Circle,
    Constant,
    CoreName,
    Element,
    Events,
    EventSequence,
    InList,
    Leaf,
    LeafValue,
    Not,
    Now,
    Predicate,
    Step,
)
from engine.ir.types import AggregateName, FieldType

NOW_MS = 1_774_746_000_000  # 2026-03-29T01:00:00Z, when Europe's clocks change
DAY_MS = 86_400_000
NOWS = (NOW_MS, NOW_MS + 1, NOW_MS - 5 * 3_600_000, NOW_MS + 200 * DAY_MS, FIRST_MS, FIRST_MS + DAY_MS, LAST_MS)
ZONES = ("UTC", "Europe/Berlin", "America/Havana", "Pacific/Apia")

KEYWORDS = ("US", "CA", "us", "", "a", "ab", "abc", "ba*", "a.c", "É", "İ", "ß", "\U0001f600", "C05", "x" * 40)
PARTS = ("ba", "a", "b", "c", "ab", "U", "*", "\U0001f600")
SHAPES = ("*", "a*", "?b*", "*c", "a?c", "?", "US")
PATTERNS = ("[A-Z]{2}", "a.*", "(ab|US)c?", ".")
WORDS = ("jazz", "Blues", "FREE", "it's", "3.5", "İzmir", "ΣΑΣ", "İ", "foo_bar", "ünder", "\u0e01\u0e02")
NUMBERS = (0.0, 1.0, 1.5, -1.5, 0.1, 1e300, 2.0**53, 2.0**53 - 1, -(2.0**60), nextafter(1.5, inf), 100.0)
INTEGERS = (0, 1, 2, 3, 18, 64, -1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 70_000)
SPANS = (0, 1, 1_000, DAY_MS, 30 * DAY_MS, 366 * DAY_MS, 36_600 * DAY_MS)
LISTS = {"vip": frozenset({"c1", "c3"}), "none": frozenset[str]()}


class Cases:
    """Draws everything from one source of chance."""

    def __init__(self, source: Random) -> None:
        self.source = source

    def some(self, values: Sequence[Any], least: int = 1, most: int = 3) -> list[Any]:
        """A few of the values, perhaps the same ones."""
        return self.source.choices(values, k=self.source.randint(least, most))

    def instant(self) -> str:
        """A canonical instant, often at a distance from now that predicates name."""
        offset = self.source.choice((*SPANS, 3_600_000)) * self.source.choice((1, -1))
        nudge = self.source.choice((0, 0, 1, -1))
        return format_instant(self.source.choice((NOW_MS, NOW_MS, 0, FIRST_MS, LAST_MS)) + offset + nudge)

    def day(self) -> str:
        """A calendar day, often around the end of February or of March."""
        return self.source.choice(("1990-02-28", "1988-02-29", "1970-03-29", "2001-03-30", "1999-12-31", "2000-10-15"))

    def text(self) -> str:
        """A text of a few words, signs and blanks."""
        joiner = self.source.choice((" ", ", ", "-", "  "))
        return joiner.join(self.some(WORDS, 0, 5))

    def point(self) -> dict[str, float]:
        """A point in or near Berlin."""
        return {"lat": self.source.choice((52.5, 52.52, 48.1)), "lon": self.source.choice((13.4, 13.405, 11.6))}

    def order(self) -> dict[str, Any]:
        """An object with at least one member."""
        found: dict[str, Any] = {"sku": self.source.choice(KEYWORDS)}
        if self.source.random() < 0.7:
            found["amount"] = self.source.choice(NUMBERS)
        if self.source.random() < 0.5:
            found["labels"] = self.some(KEYWORDS)
        return found

    def event(self) -> dict[str, Any]:
        """An event with data."""
        data = {"amount": self.source.choice((1.5, 2.5, 100.0)), "sku": self.source.choice(KEYWORDS)}
        kept = {name: value for name, value in data.items() if self.source.random() < 0.8}
        kind = self.source.choice(("purchase", "visit"))
        return {"id": "e", "type": kind, "customer_id": "c1", "time": self.instant(), "data": kept}

    def events(self) -> list[dict[str, Any]]:
        """A history in event order."""
        found = [self.event() for _ in range(self.source.choice((0, 0, 1, 3, 6)))]
        return sorted(found, key=lambda event: str(event["time"]))

    def profile(self) -> dict[str, Any]:
        """A canonical profile: what is missing is absent."""
        here = self.source.choice((0.3, 0.8, 1.0))
        found: dict[str, Any] = {"customer_id": self.source.choice(("c1", "c2", "c3"))}
        for name, draw in self._fields().items():
            if self.source.random() < here:
                found[name] = draw()
        return found

    def _fields(self) -> dict[str, Callable[[], Any]]:
        choice = self.source.choice
        return {
            "country": lambda: choice(KEYWORDS),
            "tier": lambda: choice(("gold", "silver", "bronze")),
            "tags": lambda: self.some(KEYWORDS),
            "bio": self.text,
            "notes": lambda: [self.text() for _ in range(choice((1, 2)))],
            "value": lambda: choice(NUMBERS),
            "points": lambda: choice(INTEGERS),
            "opted": lambda: choice((True, False)),
            "at": self.instant,
            "seen": lambda: [self.instant() for _ in range(choice((1, 3)))],
            "scores": lambda: self.some(NUMBERS),
            "counts": lambda: self.some(INTEGERS),
            "birthday": self.day,
            "home": self.point,
            "orders": lambda: [self.order() for _ in range(choice((1, 2, 4)))],
            "address": lambda: {"city": choice(KEYWORDS), "floor": choice(INTEGERS)},
        }

    def predicate(self, depth: int = 2) -> Predicate:
        """A predicate over profiles."""
        return self._predicate(depth, self._outer_leaf)

    def _predicate(self, depth: int, leaf: Callable[[], Predicate]) -> Predicate:
        kind = self.source.choice(("all", "all", "any", "not", "leaf")) if depth else "leaf"
        if kind == "leaf":
            return leaf()
        if kind == "not":
            return Not(self._predicate(depth - 1, leaf))
        items = tuple(self._predicate(depth - 1, leaf) for _ in range(self.source.choice((1, 2, 3, 4))))
        return AllOf(items) if kind == "all" else AnyOf(items)

    def _outer_leaf(self) -> Predicate:
        draw = self.source.random()
        if draw < 0.03:
            return Constant(self.source.choice((True, False)))
        if draw < 0.06:
            return InList(self.source.choice(tuple(LISTS)))
        if draw < 0.12:
            return Element("orders", self._predicate(1, self._order_leaf))
        if draw < 0.2:
            return self._behaviour()
        return self.leaf()

    def _order_leaf(self) -> Predicate:
        return self.source.choice(
            (
                lambda: self._keyword("sku", many=False),
                lambda: Leaf("amount", "range", self._bounds(NUMBERS), "number"),
                lambda: self._keyword("labels", many=True),
                lambda: Leaf("amount", "exists", None, "number"),
            )
        )()

    def leaf(self) -> Leaf:
        """One condition on one field of the catalogue."""
        return self.source.choice(
            (
                lambda: self._keyword("country", many=False),
                lambda: Leaf("tier", "equals", self.source.choice(("gold", "silver"))),
                lambda: self._keyword("tags", many=True),
                lambda: self._text("bio", many=False),
                lambda: self._text("notes", many=True),
                lambda: Leaf("value", "range", self._bounds(NUMBERS), "number"),
                lambda: self._integer("points", many=False),
                lambda: self._integer("counts", many=True),
                lambda: Leaf("scores", "range", self._bounds(NUMBERS), "number", many=True),
                lambda: Leaf("opted", "equals", self.source.choice((True, False)), "boolean"),
                lambda: self._date("at", many=False),
                lambda: self._date("at", many=False),
                lambda: self._date("seen", many=True),
                lambda: Leaf("birthday", "anniversary_within", self._anniversary(), "day"),
                lambda: Leaf("home", "within_distance", self._circle(), "geo_point"),
                self._presence,
                lambda: self._keyword("address.city", many=False),
                lambda: self._integer("address.floor", many=False),
            )
        )()

    def _circle(self) -> Circle:
        return Circle(52.52, 13.405, self.source.choice((1.0, 3_000.0)))

    def _presence(self) -> Leaf:
        kinds: dict[str, FieldType] = {"bio": "text", "home": "geo_point", "orders": "object", "value": "number"}
        name = self.source.choice((*kinds, "country", "tags", "address.city"))
        return Leaf(name, "exists", None, kinds.get(name, "keyword"), many=name in ("tags", "orders"))

    def _anniversary(self) -> Anniversary:
        return Anniversary(self.source.choice((0, 1, 7, 366)), self.source.choice(ZONES))

    def _keyword(self, name: str, *, many: bool) -> Leaf:
        values: dict[CoreName, Sequence[LeafValue]] = {
            "equals": KEYWORDS,
            "in": [tuple(dict.fromkeys(self.some(KEYWORDS, 1, 4)))],
            "starts_with": PARTS,
            "ends_with": PARTS,
            "substring": PARTS,
            "like": SHAPES,
            "matches": PATTERNS,
        }
        if many:
            values["contains"] = KEYWORDS
        op = self.source.choice((*values, "equals", "in"))
        return Leaf(name, op, self.source.choice(values[op]), "keyword", many)

    def _text(self, name: str, *, many: bool) -> Leaf:
        ops: tuple[CoreName, ...] = ("contains", "contains_all", "contains_phrase")
        op = "contains" if many else self.source.choice(ops)
        return Leaf(name, op, self.source.choice((" ", ", ")).join(self.some(WORDS, 1, 3)), "text", many)

    def _integer(self, name: str, *, many: bool) -> Leaf:
        ops: tuple[CoreName, ...] = ("equals", "in", "range")
        op = self.source.choice(ops)
        if op == "range":
            return Leaf(name, op, self._bounds(INTEGERS), "integer", many)
        value = self.source.choice(INTEGERS) if op == "equals" else tuple(dict.fromkeys(self.some(INTEGERS)))
        return Leaf(name, op, value, "integer", many)

    def _date(self, name: str, *, many: bool) -> Leaf:
        if self.source.random() < 0.1:
            return Leaf(name, "equals", self.instant(), "date", many)
        limits = self.source.choice((self.instant, self._span, self._span, self._local_day))
        other = self.source.choice((limits, limits, self.instant, self._span))
        return Leaf(name, "range", self._between(limits, other), "date", many)

    def _span(self) -> Now:
        return Now(self.source.choice(SPANS) * self.source.choice((1, -1, -1)))

    def _local_day(self) -> Now:
        amount = self.source.choice((0, -1, -7, -30, 2))
        return Now(amount, self.source.choice(("days", "months")), self.source.choice(ZONES))

    def _bounds(self, values: Sequence[Any]) -> Bounds:
        return self._between(lambda: self.source.choice(values), lambda: self.source.choice(values))

    def _between(self, lower: Callable[[], Any], upper: Callable[[], Any]) -> Bounds:
        sides = self.source.choice(("lower", "upper", "both"))
        inclusive = self.source.choice((True, False)), self.source.choice((True, False))
        low = None if sides == "upper" else lower()
        high = None if sides == "lower" else upper()
        return Bounds(low, high, *inclusive)

    def _behaviour(self) -> Predicate:
        within = self.source.choice((None, Now(-30 * DAY_MS), Now(-7, "days", "Europe/Berlin")))
        where = self.source.choice((None, Leaf("sku", "equals", "US"), Not(Leaf("amount", "exists", None, "number"))))
        if self.source.random() < 0.3:
            kinds = self.some(("purchase", "visit"), 2, 3)
            gaps = [self.source.choice((None, DAY_MS, 31 * DAY_MS)) for _ in kinds]
            steps = (Step(kind, self.source.choice((None, where)), gap) for kind, gap in zip(kinds, gaps, strict=True))
            return EventSequence(tuple(steps), within)
        names: tuple[AggregateName, ...] = ("count", "sum", "min", "max", "avg", "first", "last", "distinct")
        name = self.source.choice(names)
        field = None if name == "count" else "amount"
        kind: FieldType = "integer" if name in ("count", "distinct") else "number"
        test = Leaf("value", "range", self._bounds((0, 1, 2) if kind == "integer" else (0.0, 1.5, 4.0)), kind)
        return Events("purchase", name, test, field, where, within)
