"""Predicates that move with the clock, customers whose instants lie where they do, and where to look for a change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from engine.ir.instant import FIRST_MS, LAST_MS, format_instant, parse_instant
from engine.ir.predicate import Anniversary, Bounds, Element, Events, EventSequence, Leaf, Not, Now, Predicate, Step
from engine.ir.types import Aggregate, AggregateName, Catalogue, EventType, Field, FieldType
from engine.ir.walk import parts
from engine.ir.zones import shift_months, zone
from tests.properties.predicate_cases import Cases

DAY_MS = 86_400_000
MOMENTS = (
    "2026-03-29T01:00:00.000Z",  # Europe's clocks change
    "2026-10-25T00:30:00.000Z",
    "2010-11-07T02:30:30.000Z",  # in Newfoundland midnight happens, is undone, and happens again
    "2010-11-07T02:40:00.000Z",
    "2011-12-30T09:59:59.999Z",  # Samoa leaves out a day
    "2024-02-28T12:00:00.000Z",
    "2024-03-01T00:00:00.000Z",
    "2023-02-28T23:30:00.000Z",
    "2026-01-31T00:00:00.000Z",
    "2026-11-01T04:00:00.000Z",  # Havana: midnight happens twice
    "0001-01-02T23:10:00.000Z",
    "9999-12-28T12:00:00.000Z",
)
ZONES = ("UTC", "Europe/Berlin", "America/Havana", "Pacific/Apia", "America/St_Johns", "Asia/Beirut", "Asia/Kathmandu")
WEEK = 7 * DAY_MS
SPANS = (0, 1, 1_000, DAY_MS, WEEK, 30 * DAY_MS)
LAST_YEARS_MS = parse_instant("9997-12-29T00:00:00.000Z")  # from where on windows may leave the calendar
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AGGREGATES: tuple[AggregateName, ...] = ("count", "sum", "min", "max", "avg", "first", "last", "distinct")
CATALOGUE = Catalogue(
    "shop",
    "customer_id",
    (
        Field("orders_7d", "integer", source=Aggregate("purchase", "count", within=WEEK)),
        Field("spent_30d", "number", source=Aggregate("purchase", "sum", "amount", 30 * DAY_MS)),
        Field("visited_at", "date", source=Aggregate("visit", "last", "time", DAY_MS)),
        Field("bought", "integer", source=Aggregate("purchase", "count")),
    ),
    (
        EventType("purchase", (Field("amount", "number"), Field("sku", "keyword"), Field("due", "date"))),
        EventType("visit", (Field("amount", "number"), Field("sku", "keyword"), Field("due", "date"))),
    ),
)


class ClockCases(Cases):
    """Draws predicates of which most parts move with the clock, around one instant `now_ms`."""

    def __init__(self, source: Random) -> None:
        super().__init__(source)
        self.now_ms = parse_instant(source.choice(MOMENTS)) + source.choice((0, 0, 0, 1, -1, source.randint(0, DAY_MS)))

    def instant(self) -> str:
        """An instant around now, often at a distance that predicates name, or at a local midnight."""
        draw = self.source.random()
        if draw < 0.3:
            day = (EPOCH + timedelta(milliseconds=self.now_ms)).date()
            days = list(nearby(day, range(-32, 5)))
            if days:
                return format_instant(self.source.choice(list(midnights(self.source.choice(days), self._zone()))))
        offset = self.source.choice(SPANS) if draw < 0.7 else self.source.randint(0, 40 * DAY_MS)
        sign = self.source.choice((-1, -1, -1, 1))
        return format_instant(self.now_ms + sign * offset + self.source.choice((0, 0, 1, -1)))

    def day(self) -> str:
        """A birthday near today's, or at the end of February."""
        day = (EPOCH + timedelta(milliseconds=self.now_ms)).date()
        near = [each.isoformat()[5:] for each in nearby(day, range(-9, 10))]
        return f"1988-{self.source.choice((*near, '02-28', '02-29', '02-29', '02-29', '03-01', '12-31'))}"

    def order(self) -> dict[str, Any]:
        """An object that has an instant."""
        return {**super().order(), "at": self.instant()}

    def event(self) -> dict[str, Any]:
        """An event whose data may hold an instant."""
        found = super().event()
        if self.source.random() < 0.5:
            found["data"]["due"] = self.instant()
        return found

    def _zone(self) -> str:
        return self.source.choice(ZONES)

    def _outer_leaf(self) -> Predicate:
        draw = self.source.random()
        if draw < 0.1:
            return super()._outer_leaf()
        if draw < 0.5:
            return self._behaviour()
        if draw < 0.6:
            return Element("orders", self._predicate(1, lambda: self._date("at", many=False)))
        if draw < 0.7:
            return Leaf("birthday", "anniversary_within", self._anniversary(), "day")
        if draw < 0.9:
            return self._date("at", many=False) if draw < 0.83 else self._date("seen", many=True)
        return self._windowed()

    def _windowed(self) -> Predicate:
        """A condition on a field that is an aggregate in a window."""
        name = self.source.choice(("orders_7d", "spent_30d", "visited_at"))
        if name == "visited_at":
            return self._date(name, many=False)
        if name == "orders_7d":
            return Leaf(name, "range", self._bounds((0, 1, 2, 3)), "integer")
        return Leaf(name, "range", self._bounds((0.0, 1.5, 4.0, 100.0)), "number")

    def _anniversary(self) -> Anniversary:
        return Anniversary(self.source.choice((0, 1, 7, 30, 364, 365, 366)), self._zone())

    def _span(self) -> Now:
        return Now(self.source.choice(SPANS) * self.source.choice((1, -1, -1)))

    def _local_day(self) -> Now:
        amount = self.source.choice((0, -1, -1, -7, -30, 2))
        return Now(amount, self.source.choice(("days", "months")), self._zone())

    def _where(self) -> Predicate | None:
        return self.source.choice(
            (
                None,
                None,
                Leaf("sku", "equals", "US"),
                Not(Leaf("amount", "exists", None, "number")),
                self._date("due", many=False),
                Not(self._date("due", many=False)),
            )
        )

    def _behaviour(self) -> Predicate:
        within = self.source.choice((None, self._span(), Now(-WEEK), Now(-30 * DAY_MS), self._local_day()))
        if self.source.random() < 0.3:
            kinds = self.some(("purchase", "visit"), 1, 3)
            gaps = [self.source.choice((None, DAY_MS, 31 * DAY_MS)) for _ in kinds]
            return EventSequence(
                tuple(Step(kind, self._where(), gap) for kind, gap in zip(kinds, gaps, strict=True)), within
            )
        if self.source.random() < 0.3:
            name: AggregateName = self.source.choice(("first", "last", "min", "max"))
            path = self.source.choice(("time", "time", "due"))
            return Events("purchase", name, self._date("value", many=False), path, self._where(), within)
        name = self.source.choice(AGGREGATES)
        kind: FieldType = "integer" if name in ("count", "distinct") else "number"
        test = Leaf("value", "range", self._bounds((0, 1, 2) if kind == "integer" else (0.0, 1.5, 4.0)), kind)
        return Events("purchase", name, test, None if name == "count" else "amount", self._where(), within)

    def moments(self, predicates: list[Predicate], profile: Mapping[str, Any], events: Any) -> list[int]:
        """Instants after now at which something may change, and those beside them, by brute force; sorted."""
        found = {self.now_ms + self.source.randint(0, 40 * DAY_MS) for _ in range(10)}
        found |= {parse_instant(moment) + nudge for moment in MOMENTS for nudge in (0, 30_000, 31_000, 60_000)}
        values = list(texts(profile)) + list(texts(events))
        for limit in {limit for predicate in predicates for limit in limits(predicate)}:
            for value in values:
                found.update(self._passing(limit, value))
        window = (each.source.within for each in CATALOGUE.fields if each.source is not None)
        found.update(parse_instant(event["time"]) + (within or 0) for within in window for event in events)
        nudged = {moment + nudge for moment in found for nudge in (-1, 0, 1)}
        last = LAST_MS if self.now_ms > LAST_YEARS_MS else LAST_YEARS_MS
        return sorted(moment for moment in nudged if self.now_ms < moment <= last)

    def _passing(self, limit: Now | Anniversary, value: str) -> Iterator[int]:
        if len(value) == 10:
            if isinstance(limit, Anniversary):
                yield from self._coming_round(limit, value)
        elif isinstance(limit, Now) and limit.unit == "ms":
            yield parse_instant(value) - limit.amount
        elif isinstance(limit, Now):
            day = (EPOCH + timedelta(milliseconds=parse_instant(value))).date()
            middle = shift_months(day, -limit.amount) if limit.unit == "months" else day
            shift = 0 if limit.unit == "months" else -limit.amount
            for each in nearby(middle, range(shift - 4, shift + 5)):
                yield from midnights(each, limit.zone)

    def _coming_round(self, window: Anniversary, value: str) -> Iterator[int]:
        this_year = (EPOCH + timedelta(milliseconds=self.now_ms)).year
        for year in range(max(1, this_year - 1), min(9999, this_year + 9) + 1):
            try:
                day = date(year, int(value[5:7]), int(value[8:]))
            except ValueError:
                day = date(year, 2, 28)
            for around in (*nearby(day, range(-2, 4)), *nearby(day, range(-window.days - 2, -window.days + 3))):
                yield from midnights(around, window.zone)


def nearby(day: date, offsets: range) -> Iterator[date]:
    """The days at those distances that the calendar has."""
    for offset in offsets:
        ordinal = day.toordinal() + offset
        if 1 <= ordinal <= date.max.toordinal():
            yield date.fromordinal(ordinal)


def midnights(day: date, name: str) -> Iterator[int]:
    """Where the day may begin: in the zone, at either fold, and in UTC."""
    naive = datetime.combine(day, time())
    for rules, fold in ((UTC, 0), (zone(name), 0), (zone(name), 1)):
        try:
            moment = (naive.replace(tzinfo=rules, fold=fold) - EPOCH) // timedelta(milliseconds=1)
        except OverflowError:
            continue
        yield max(FIRST_MS, min(LAST_MS, moment))


def texts(data: Any) -> Iterator[str]:
    """Every instant and day in plain data."""
    if isinstance(data, Mapping):
        for value in data.values():
            yield from texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from texts(value)
    elif isinstance(data, str) and data[4:5] == "-" and data[7:8] == "-" and data[:4].isdecimal():
        yield data


def limits(predicate: Predicate) -> Iterator[Now | Anniversary]:
    """Everything in a predicate that moves with the clock."""
    for part in parts(predicate):
        if isinstance(part, Events | EventSequence) and part.within is not None:
            yield part.within
        if isinstance(part, Leaf):
            value = part.value
            sides = (value.lower, value.upper) if isinstance(value, Bounds) else (value,)
            yield from (side for side in sides if isinstance(side, Now | Anniversary))
