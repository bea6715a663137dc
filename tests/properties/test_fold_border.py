"""Whatever events say, and whichever catalogue they were kept under: a folded profile passes the border of profiles."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.compiler.conditions import aggregate_problem, aggregate_type
from engine.ir.instant import format_instant, parse_instant
from engine.ir.types import Aggregate, AggregateName, Catalogue, EventType, Field, FieldType
from engine.runtime.border import SET, Border
from engine.runtime.fold import Folding
from engine.runtime.intake import event_order

NOW = parse_instant("2026-03-01T00:00:00Z")
TYPES: tuple[FieldType, ...] = ("keyword", "text", "number", "integer", "boolean", "date", "day", "geo_point")
AGGREGATES: tuple[AggregateName, ...] = ("count", "sum", "min", "max", "avg", "first", "last", "distinct")
WORDS = ["gold", "GOLD", "basic", "platinum", "\u0130", "e\u0301", ""]
VALUES: dict[str, list[Any]] = {
    "keyword": WORDS,
    "text": WORDS,
    "number": [0.5, -0.0, 3, 2**53 + 1, 1e300, -1e300],
    "integer": [0, 7, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)],
    "boolean": [True, False],
    "date": ["2026-02-01T00:00:00Z", "0001-01-01T00:00:00.001Z"],
    "day": ["2024-02-29", "1990-12-31"],
    "geo_point": [{"lat": 1, "lon": 2.5}],
}
NAMES = ("a", "b", "c", "d")


def a_field(random: Random, name: str, source: Aggregate | None = None, kind: FieldType | None = None) -> Field:
    chosen: FieldType = random.choice(TYPES) if kind is None else kind
    return Field(
        name,
        chosen,
        many=source is None and random.random() < 0.4,
        normalize="lowercase" if chosen in {"keyword", "text"} and random.random() < 0.4 else None,
        source=source,
        values=("basic", "gold") if chosen == "keyword" and random.random() < 0.5 else (),
    )


def a_catalogue(random: Random) -> Catalogue:
    """A catalogue whose aggregates compile; what events set need not have the type of the profile field."""
    members = tuple(a_field(random, name) for name in NAMES)
    fields = [a_field(random, f"set_{name}") for name in NAMES]
    for name in AGGREGATES:
        of = random.choice([*members, Field("time", "date")])
        if name == "count" or aggregate_problem(name, of) is None:
            result = "integer" if name == "count" else aggregate_type(name, of).type
            kind: FieldType = "number" if result == "integer" and random.random() < 0.5 else result
            within = random.choice([None, 1_000])
            source = Aggregate("order", name, None if name == "count" else of.name, within)
            fields.append(a_field(random, f"made_{name}", source, kind))
    sets = tuple(sorted((f"set_{name}", random.choice([*NAMES, "time"])) for name in NAMES))
    return Catalogue("customer", "customer_id", tuple(fields), (EventType("order", members, sets),))


def an_event(random: Random, declared: Catalogue) -> dict[str, Any]:
    direct = random.random() < 0.3
    fields = [each for each in declared.fields if each.source is None] if direct else declared.events[0].fields
    data: dict[str, Any] = {}
    for field in fields:
        values = [random.choice(VALUES[field.type]) for _ in range(random.randint(0, 3))]
        data[field.name] = values if field.many else random.choice([*values, None])
    at = format_instant(NOW + random.randint(-2_000, 100))
    return {"id": at, "type": SET if direct else "order", "customer_id": "c", "time": at, "data": data}


@given(st.integers(0, 2**32))
def test_a_folded_profile_passes_the_border_as_it_stands(seed: int) -> None:
    random = Random(seed)
    events = []
    catalogues = [a_catalogue(random) for _ in range(random.randint(1, 3))]  # one after the other, each with its events
    for each in catalogues:
        border = Border(each)
        drawn = [an_event(random, each) for _ in range(random.randint(0, 12))]
        events += [event for event, _ in map(border.event, drawn) if event is not None]
    border = Border(catalogues[-1])
    found = Folding(catalogues[-1]).profile("c", event_order(events), NOW)
    assert border.profile(found) == (found, [])
    kinds = {name: kind_of(value) for name, value in found.items()}
    assert {name: kind_of(value) for name, value in (border.profile(found)[0] or {}).items()} == kinds


def kind_of(value: Any) -> Any:
    """What equality does not tell: 1 from 1.0 and from true."""
    return [kind_of(each) for each in value] if isinstance(value, list) else type(value)


@given(st.integers(0, 2**32))
def test_what_is_refused_is_what_makes_no_difference(seed: int) -> None:
    random = Random(seed)
    declared = a_catalogue(random)
    border, folding = Border(declared), Folding(declared)
    events = [event for event, _ in (border.event(an_event(random, declared)) for _ in range(8)) if event is not None]
    for event in events:
        for name in folding.refused_fields(event):
            field = declared.field(name)
            assert field is not None
            without = {**event, "data": {}}
            others = [each for each in events if each is not event]
            if field.source is None and dict(declared.events[0].sets).get(name) != "time":
                found = folding.profile("c", event_order([*others, event]), NOW).get(name)
                assert found == folding.profile("c", event_order([*others, without]), NOW).get(name)
