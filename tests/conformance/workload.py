"""Generated predicates and profiles. Predicates come from conditions as authors write them, through the operators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from engine.ir.instant import format_duration
from engine.ir.predicate import (
    AllOf,
    AnyOf,
    Constant,
    Element,
    Events,
    EventSequence,
    InList,
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

LISTS = {
    "few": ("3", "5", "8", "no-one"),
    "none": ("no-one",),
    "many": tuple(str(number) for number in range(0, 70_000, 2)),
}
MISSING = 0.25
AGGREGATES: tuple[AggregateName, ...] = ("count", "sum", "min", "max", "avg", "first", "last", "distinct")


@dataclass(frozen=True, slots=True)
class Place:
    """A field and the path by which conditions name it; `root` where that is a path of the profile."""

    path: str
    field: Field
    root: bool = True


@dataclass(frozen=True, slots=True)
class Use:
    """An operator written about a field of the profile."""

    operator: str
    place: Place


@dataclass(frozen=True, slots=True)
class Case:
    """A predicate, the clock it is asked at, and the conditions on the profile's own fields that it was made of."""

    predicate: Predicate
    now_ms: int
    uses: tuple[Use, ...] = ()


@dataclass(frozen=True, slots=True)
class Draw:
    """Where generated conditions come from, and which were made."""

    random: Random
    uses: list[Use]


def profiles(seed: int, count: int) -> list[dict[str, Any]]:
    """Canonical profiles, keys `0`, `1`, …; a quarter of all fields is missing in one of the ways to be missing."""
    random = Random(seed)
    return [{KEY: str(number), **_members(CATALOGUE.fields, random, 0)} for number in range(count)]


def events(seed: int, count: int) -> list[dict[str, Any]]:
    """Canonical events of one customer in event order."""
    random = Random(seed)
    found = []
    for number in range(random.randint(0, count)):
        kind = random.choice(CATALOGUE.events)
        data = _members(kind.fields, random, 0)
        found.append({"id": str(number), "type": kind.name, "time": vocabulary.instant(random), "data": data})
    return sorted(found, key=lambda event: str(event["time"]))


def _members(fields: tuple[Field, ...], random: Random, depth: int) -> dict[str, Any]:
    found = {}
    for field in fields:
        if random.random() >= MISSING:
            value = _value(field, random, depth)
            if value is not None:
                found[field.name] = value
    return found


def _value(field: Field, random: Random, depth: int) -> Any:
    if not field.many:
        return _one(field, random, depth)
    size = random.choice((1, 1, 2, 3)) if field.type == "object" else random.choice((1, 1, 2, 3, 5))
    return [item for item in (_one(field, random, depth) for _ in range(size)) if item is not None] or None


def _one(field: Field, random: Random, depth: int) -> Any:
    if field.type == "object":
        return _members(field.fields, random, depth + 1) or None
    return canonical(field, _raw(field, random))


def _raw(field: Field, random: Random) -> Any:
    return random.choice(field.values) if field.values else vocabulary.VALUES[field.type](random)


def places(fields: tuple[Field, ...], prefix: str = "", *, root: bool = False) -> Iterator[Place]:
    """The fields that conditions outside `element` can name: not those below a list of objects."""
    for field in fields:
        yield Place(prefix + field.name, field, root)
        if field.type == "object" and not field.many:
            yield from places(field.fields, f"{prefix}{field.name}.", root=root)


def lists_of_objects(fields: tuple[Field, ...]) -> list[Place]:
    """The lists of objects that `element` can name."""
    return [place for place in places(fields) if place.field.type == "object" and place.field.many]


def condition(place: Place, name: str, draw: Draw) -> Predicate:
    """The predicate of one condition with that operator and a generated constant."""
    while True:
        value, options = constant(place.field, name, draw)
        lowered = lower(Operand(place.path, place.field, draw.random.choice(ZONES), options), name, value)
        if not isinstance(lowered, Refused):
            if place.root:
                draw.uses.append(Use(name, place))
            return lowered
        assert _may_be_refused(name), lowered


def _may_be_refused(name: str) -> bool:
    return name.startswith("contains") or name in {"matches", "starts_with", "ends_with", "substring", "like"}


def constant(field: Field, name: str, draw: Draw) -> tuple[Any, Mapping[str, Any]]:
    """A constant as an author may write it, and the condition's further keys."""
    if OPERATORS[name].value_schema is None:
        return ABSENT, {}
    raw = partial(_raw, field, draw.random)
    if name in {"in", "not_in"} or (name == "contains_all" and field.type == "keyword"):
        return [raw() for _ in range(draw.random.choice((1, 2, 3, 8)))], {}
    if name == "between":
        return sorted((raw(), raw())), {"inclusive": draw.random.choice(("lower", "both"))}
    if name in {"starts_with", "ends_with", "substring", "like"}:
        return _part(raw(), name, draw), {}
    return _of_its_own_form(name, draw) or (raw(), {})


def _of_its_own_form(name: str, draw: Draw) -> tuple[Any, Mapping[str, Any]] | None:
    random = draw.random
    if name in {"within_last", "older_than", "within_next"}:
        return format_duration(random.choice(vocabulary.DURATIONS)), {}
    if name.startswith("within_last_"):
        return random.choice((0, 1, 2, 6, 30, 400)), {"timezone": random.choice(ZONES)}
    if name == "anniversary_within":
        return random.choice((0, 1, 7, 30, 366)), {"timezone": random.choice(ZONES)}
    if name == "within_distance":
        return {**vocabulary.point(random), "distance": random.choice(vocabulary.DISTANCES)}, {}
    return (random.choice(vocabulary.PATTERNS), {}) if name == "matches" else None


def _part(whole: str, name: str, draw: Draw) -> str:
    text = whole[:200]
    start, end = sorted((draw.random.randint(0, len(text)), draw.random.randint(0, len(text))))
    part = {"starts_with": text[:end], "ends_with": text[start:]}.get(name, text[start:end])
    if name != "like":
        return part
    return draw.random.choice(
        (text, f"*{part}", f"{part}*", f"*{part}*", f"?{text[1:]}", f"{text[:-1]}?", f"{text[:1]}*{text[-1:]}")
    )


def predicates(seed: int, count: int) -> list[Case]:
    """Distinct predicates: every field with every operator in turn, alone or denied, then groups of such conditions."""
    random = Random(seed)
    pairs = [(place, name) for place in places(CATALOGUE.fields, root=True) for name in operators_for(place.field)]
    random.shuffle(pairs)
    found: dict[Predicate, Case] = {}
    turn = 0
    while len(found) < count:
        draw = Draw(random, [])
        place, name = pairs[turn % len(pairs)]
        first = condition(place, name, draw)
        predicate = _wrapped(first, draw) if turn >= len(pairs) else first
        found.setdefault(predicate, Case(predicate, random.choice(NOWS), tuple(draw.uses)))
        turn += 1
    return list(found.values())


def _wrapped(first: Predicate, draw: Draw) -> Predicate:
    shape = draw.random.random()
    if shape < 0.3:
        return first
    if shape < 0.45:
        return Not(first)
    if shape < 0.55:
        return AllOf((first, _group(CATALOGUE.fields, draw, 2)))
    if shape < 0.65:
        return AnyOf((first, Not(_group(CATALOGUE.fields, draw, 2))))
    return draw.random.choice((_group, _element_anywhere))(CATALOGUE.fields, draw, 3)


def _element_anywhere(fields: tuple[Field, ...], draw: Draw, depth: int) -> Predicate:
    place = draw.random.choice(lists_of_objects(fields))
    item = _group(place.field.fields, draw, depth - 1)
    element = Element(place.path, item)
    return Not(element) if draw.random.random() < 0.25 else element


def _group(fields: tuple[Field, ...], draw: Draw, depth: int) -> Predicate:
    choice = draw.random.random()
    if depth > 0 and choice < 0.5:
        items = tuple(_group(fields, draw, depth - 1) for _ in range(draw.random.randint(1, 3)))
        return (AllOf(items), AnyOf(items), Not(items[0]))[draw.random.randrange(3)]
    if depth > 0 and choice < 0.65 and lists_of_objects(fields):
        return _element_anywhere(fields, draw, depth)
    if choice > 0.98:
        return Constant(draw.random.random() < 0.5)
    if choice > 0.95 and fields is CATALOGUE.fields:
        return InList(draw.random.choice(tuple(LISTS)))
    place = draw.random.choice(list(places(fields, root=fields is CATALOGUE.fields)))
    return condition(place, draw.random.choice(operators_for(place.field)), draw)


def behaviours(seed: int, count: int) -> list[Case]:
    """Predicates with conditions on events among others."""
    draw = Draw(Random(seed), [])
    found: dict[Predicate, Case] = {}
    while len(found) < count:
        item = _sequence(draw) if draw.random.random() < 0.3 else _events(draw)
        shape = draw.random.random()
        if shape > 0.5:
            item = draw.random.choice((AllOf, AnyOf))((item, _group(CATALOGUE.fields, draw, 1)))
        predicate = Not(item) if draw.random.random() < 0.3 else item
        found.setdefault(predicate, Case(predicate, draw.random.choice(NOWS)))
    return list(found.values())


def _window(draw: Draw) -> Now | None:
    kind = draw.random.random()
    if kind < 0.3:
        return None
    if kind < 0.7:
        return Now(-draw.random.choice(vocabulary.DURATIONS[3:]))
    return Now(-draw.random.randint(0, 60), draw.random.choice(("days", "months")), draw.random.choice(ZONES))


def _where(kind: EventType, draw: Draw) -> Predicate | None:
    return _group(kind.fields, draw, 1) if draw.random.random() < 0.4 else None


def _events(draw: Draw) -> Predicate:
    kind = draw.random.choice(CATALOGUE.events)
    aggregate = draw.random.choice(AGGREGATES)
    numeric = aggregate in {"sum", "min", "max", "avg"}
    fields = [field for field in kind.fields if field.type in {"integer", "number"}] if numeric else list(kind.fields)
    fields = [field for field in fields if field.type in {"integer", "number", "keyword", "boolean"}]
    field = draw.random.choice(fields) if fields else None
    if field is None or (aggregate == "count" and draw.random.random() < 0.7):
        aggregate, field = "count", None
    result = _result(aggregate, field)
    test = condition(Place("value", result, root=False), draw.random.choice(operators_for(result)), draw)
    if aggregate in {"count", "distinct"} and draw.random.random() < 0.8:
        test = _small(draw.random)
    return Events(kind.name, aggregate, test, None if field is None else field.name, _where(kind, draw), _window(draw))


def _small(random: Random) -> Predicate:
    """A condition on a count that some customers meet and some do not."""
    operators = ("equals", "not_equals", "greater_than", "greater_or_equal", "less_than", "less_or_equal")
    operand = Operand("value", Field("value", "integer"))
    lowered = lower(operand, random.choice(operators), random.randint(0, 3))
    assert not isinstance(lowered, Refused)
    return lowered


def _result(aggregate: AggregateName, field: Field | None) -> Field:
    if aggregate in {"count", "distinct"} or field is None:
        return Field("value", "integer")
    return Field("value", "number" if aggregate == "avg" else field.type)


def _sequence(draw: Draw) -> Predicate:
    steps = []
    for number in range(draw.random.choice((1, 2, 2, 3))):
        kind = draw.random.choice(CATALOGUE.events)
        within = draw.random.choice((None, None, *vocabulary.DURATIONS[2:])) if number else None
        steps.append(Step(kind.name, _where(kind, draw), within))
    return EventSequence(tuple(steps), _window(draw))
