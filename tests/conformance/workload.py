"""Generated predicates and profiles. Predicates come from conditions as authors write them, through the operators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any as AnyValue

from engine.ir.instant import format_duration, format_instant
from engine.ir.predicate import (
    All,
    Any,
    Constant,
    Element,
    Events,
    EventSequence,
    InList,
    Leaf,
    Not,
    Now,
    Predicate,
    Step,
)
from engine.ir.types import AggregateName, EventType, Field
from engine.operators.registry import OPERATORS, lower, operators_for
from engine.operators.surface import ABSENT, Operand, Refused
from engine.operators.values import canonical

from . import vocabulary
from .vocabulary import CATALOGUE, KEY, NOWS, ZONES

LISTS = {"few": ("3", "5", "8", "no-one"), "none": ("no-one",), "many": tuple(str(number) for number in range(0, 70_000, 2))}
MISSING = 0.25
AGGREGATES: tuple[AggregateName, ...] = ("count", "sum", "min", "max", "avg", "first", "last", "distinct")


@dataclass(frozen=True, slots=True)
class Case:
    """A predicate, the clock it is asked at, and where it comes from."""

    predicate: Predicate
    now_ms: int


@dataclass(frozen=True, slots=True)
class Place:
    """A field and the path by which conditions name it."""

    path: str
    field: Field


def profiles(seed: int, count: int) -> list[dict[str, AnyValue]]:
    """Canonical profiles, keys `0`, `1`, …; a quarter of all fields is missing in one of the ways to be missing."""
    random = Random(seed)
    return [{KEY: str(number), **_members(CATALOGUE.fields, random, 0)} for number in range(count)]


def events(seed: int, count: int) -> list[dict[str, AnyValue]]:
    """Canonical events of one customer in event order."""
    random = Random(seed)
    found = []
    for number in range(random.randint(0, count)):
        kind = random.choice(CATALOGUE.events)
        data = _members(kind.fields, random, 0)
        found.append({"id": str(number), "type": kind.name, "time": vocabulary.instant(random), "data": data})
    return sorted(found, key=lambda event: str(event["time"]))


def _members(fields: tuple[Field, ...], random: Random, depth: int) -> dict[str, AnyValue]:
    found = {}
    for field in fields:
        if random.random() >= MISSING:
            value = _value(field, random, depth)
            if value is not None:
                found[field.name] = value
    return found


def _value(field: Field, random: Random, depth: int) -> AnyValue:
    if not field.many:
        return _one(field, random, depth)
    size = random.choice((1, 1, 2, 3)) if field.type == "object" else random.choice((1, 1, 2, 3, 5))
    return [item for item in (_one(field, random, depth) for _ in range(size)) if item is not None] or None


def _one(field: Field, random: Random, depth: int) -> AnyValue:
    if field.type == "object":
        return _members(field.fields, random, depth + 1) or None
    return canonical(field, _raw(field, random))


def _raw(field: Field, random: Random) -> AnyValue:
    return random.choice(field.values) if field.values else vocabulary.VALUES[field.type](random)


def places(fields: tuple[Field, ...], prefix: str = "") -> Iterator[Place]:
    """The fields that conditions outside `element` can name: not those below a list of objects."""
    for field in fields:
        yield Place(prefix + field.name, field)
        if field.type == "object" and not field.many:
            yield from places(field.fields, f"{prefix}{field.name}.")


def lists_of_objects(fields: tuple[Field, ...], prefix: str = "") -> list[Place]:
    """The lists of objects that `element` can name."""
    return [place for place in places(fields, prefix) if place.field.type == "object" and place.field.many]


def condition(place: Place, name: str, random: Random) -> Predicate:
    """The predicate of one condition with that operator and a generated constant."""
    while True:
        value, options = constant(place.field, name, random)
        lowered = lower(Operand(place.path, place.field, random.choice(ZONES), options), name, value)
        if not isinstance(lowered, Refused):
            return lowered
        assert _may_be_refused(name), lowered


def _may_be_refused(name: str) -> bool:
    return name.startswith("contains") or name in {"matches", "starts_with", "ends_with", "substring", "like"}


def constant(field: Field, name: str, random: Random) -> tuple[AnyValue, Mapping[str, AnyValue]]:
    """A constant as an author may write it, and the condition's further keys."""
    raw = partial(_raw, field, random)
    if OPERATORS[name].value_schema is None:
        return ABSENT, {}
    if name in {"in", "not_in"} or (name == "contains_all" and field.type == "keyword"):
        return [raw() for _ in range(random.choice((1, 2, 3, 8)))], {}
    if name == "between":
        return sorted((raw(), raw())), {"inclusive": random.choice(("lower", "both"))}
    if name in {"within_last", "older_than", "within_next"}:
        return format_duration(random.choice(vocabulary.DURATIONS)), {}
    if name.startswith("within_last_"):
        return random.choice((0, 1, 2, 6, 30, 400)), {"timezone": random.choice(ZONES)}
    if name == "anniversary_within":
        return random.choice((0, 1, 7, 30, 366)), {"timezone": random.choice(ZONES)}
    if name == "within_distance":
        return {**vocabulary.point(random), "distance": random.choice(("1m", "2.5km", "500km", "3000mi"))}, {}
    if name == "matches":
        return random.choice(vocabulary.PATTERNS), {}
    if name in {"starts_with", "ends_with", "substring", "like"}:
        return _part(raw(), name, random), {}
    return raw(), {}


def _part(whole: str, name: str, random: Random) -> str:
    text = whole[:200]
    start, end = sorted((random.randint(0, len(text)), random.randint(0, len(text))))
    part = {"starts_with": text[:end], "ends_with": text[start:]}.get(name, text[start:end])
    if name != "like":
        return part
    return random.choice((text, f"*{part}", f"{part}*", f"*{part}*", f"?{text[1:]}", f"{text[:-1]}?", f"{text[:1]}*{text[-1:]}"))


def predicates(seed: int, count: int) -> list[Case]:
    """Distinct predicates: every field with every operator in turn, alone or denied, then groups of such conditions."""
    random = Random(seed)
    pairs = [(place, name) for place in places(CATALOGUE.fields) for name in operators_for(place.field)]
    random.shuffle(pairs)
    found: dict[Predicate, Case] = {}
    turn = 0
    while len(found) < count:
        place, name = pairs[turn % len(pairs)]
        first = condition(place, name, random)
        predicate = _wrapped(first, random) if turn >= len(pairs) else first
        found.setdefault(predicate, Case(predicate, random.choice(NOWS)))
        turn += 1
    return list(found.values())


def _wrapped(first: Predicate, random: Random) -> Predicate:
    shape = random.random()
    if shape < 0.3:
        return first
    if shape < 0.45:
        return Not(first)
    if shape < 0.55:
        return All((first, _group(CATALOGUE.fields, random, 2)))
    if shape < 0.65:
        return Any((first, Not(_group(CATALOGUE.fields, random, 2))))
    return random.choice((_group, _element_anywhere))(CATALOGUE.fields, random, 3)


def _element_anywhere(fields: tuple[Field, ...], random: Random, depth: int) -> Predicate:
    place = random.choice(lists_of_objects(fields))
    item = _group(place.field.fields, random, depth - 1)
    element = Element(place.path, item)
    return Not(element) if random.random() < 0.25 else element


def _group(fields: tuple[Field, ...], random: Random, depth: int) -> Predicate:
    choice = random.random()
    if depth > 0 and choice < 0.5:
        items = tuple(_group(fields, random, depth - 1) for _ in range(random.randint(1, 3)))
        return (All(items), Any(items), Not(items[0]))[random.randrange(3)]
    if depth > 0 and choice < 0.65 and lists_of_objects(fields):
        return _element_anywhere(fields, random, depth)
    if choice > 0.98:
        return Constant(random.random() < 0.5)
    if choice > 0.95 and fields is CATALOGUE.fields:
        return InList(random.choice(tuple(LISTS)))
    place = random.choice(list(places(fields)))
    return condition(place, random.choice(operators_for(place.field)), random)


def behaviours(seed: int, count: int) -> list[Case]:
    """Predicates with conditions on events among others."""
    random = Random(seed)
    found: dict[Predicate, Case] = {}
    while len(found) < count:
        item = _sequence(random) if random.random() < 0.3 else _events(random)
        shape = random.random()
        if shape > 0.5:
            item = random.choice((All, Any))((item, _group(CATALOGUE.fields, random, 1)))
        predicate = Not(item) if random.random() < 0.3 else item
        found.setdefault(predicate, Case(predicate, random.choice(NOWS)))
    return list(found.values())


def _window(random: Random) -> Now | None:
    kind = random.random()
    if kind < 0.3:
        return None
    if kind < 0.7:
        return Now(-random.choice(vocabulary.DURATIONS))
    return Now(-random.randint(0, 30), random.choice(("days", "months")), random.choice(ZONES))


def _where(kind: EventType, random: Random) -> Predicate | None:
    return _group(kind.fields, random, 1) if random.random() < 0.5 else None


def _events(random: Random) -> Predicate:
    kind = random.choice(CATALOGUE.events)
    aggregate = random.choice(AGGREGATES)
    numeric = aggregate in {"sum", "min", "max", "avg"}
    fields = [field for field in kind.fields if field.type in {"integer", "number"}] if numeric else list(kind.fields)
    fields = [field for field in fields if field.type in {"integer", "number", "keyword", "boolean"}]
    field = random.choice(fields) if fields else None
    if field is None or (aggregate == "count" and random.random() < 0.7):
        aggregate, field = "count", None
    result = _result(aggregate, field)
    test = condition(Place("value", result), random.choice(operators_for(result)), random)
    return Events(kind.name, aggregate, test, None if field is None else field.name, _where(kind, random), _window(random))


def _result(aggregate: AggregateName, field: Field | None) -> Field:
    if aggregate in {"count", "distinct"} or field is None:
        return Field("value", "integer")
    return Field("value", "number" if aggregate == "avg" else field.type)


def _sequence(random: Random) -> Predicate:
    steps = []
    for number in range(random.randint(1, 4)):
        kind = random.choice(CATALOGUE.events)
        within = random.choice((None, *vocabulary.DURATIONS)) if number else None
        steps.append(Step(kind.name, _where(kind, random), within))
    return EventSequence(tuple(steps), _window(random))


def leaves(predicate: Predicate) -> Iterator[Leaf]:
    """The leaves on the profile itself."""
    match predicate:
        case Leaf():
            yield predicate
        case Not(item):
            yield from leaves(item)
        case All(items) | Any(items):
            for item in items:
                yield from leaves(item)


def shown_now(case: Case) -> str:
    """The clock as text, for messages."""
    return format_instant(case.now_ms)
