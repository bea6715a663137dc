"""Two customers who differ only in what is private, and of whom the same conditions hold, are explained alike."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import Any

from engine.ir.encrypted import is_private
from engine.ir.predicate import AllOf, AnyOf, Not, Predicate
from engine.ir.private import with_derived
from engine.ir.types import Aggregate, Catalogue, EventType, Field
from engine.operators.evaluate import Subject, evaluate
from engine.runtime.explain import explain, lines
from tests.properties.clock_cases import DAY_MS, WEEK, ClockCases
from tests.properties.predicate_cases import LISTS

KEY = "customer_id"
_EVENT = (Field("amount", "number"), Field("sku", "keyword"), Field("due", "date"))
CATALOGUE = Catalogue(
    "shop",
    KEY,
    (
        Field("country", "keyword"),
        Field("tier", "keyword"),
        Field("tags", "keyword", many=True),
        Field("bio", "text"),
        Field("notes", "text", many=True),
        Field("value", "number"),
        Field("points", "integer"),
        Field("opted", "boolean"),
        Field("at", "date"),
        Field("seen", "date", many=True),
        Field("scores", "number", many=True),
        Field("counts", "integer", many=True),
        Field("birthday", "day"),
        Field("home", "geo_point"),
        Field(
            "orders",
            "object",
            many=True,
            fields=(
                Field("sku", "keyword"),
                Field("amount", "number"),
                Field("labels", "keyword", many=True),
                Field("at", "date"),
            ),
        ),
        Field("address", "object", fields=(Field("city", "keyword"), Field("floor", "integer"))),
        Field("orders_7d", "integer", source=Aggregate("purchase", "count", within=WEEK)),
        Field("spent_30d", "number", source=Aggregate("purchase", "sum", "amount", 30 * DAY_MS)),
        Field("visited_at", "date", source=Aggregate("visit", "last", "time", DAY_MS)),
    ),
    (EventType("purchase", _EVENT), EventType("visit", _EVENT, (("country", "sku"),))),
)
ATTEMPTS = 12  # other customers that one customer is compared with


def some_private(chance: Random) -> Catalogue:
    """The catalogue with some fields personal or encrypted, of objects and events too."""

    def marked(field: Field) -> Field:
        if field.source is not None:
            return field
        inside = tuple(marked(each) for each in field.fields)
        if chance.random() < 0.3:
            return replace(field, fields=inside, personal=True)
        return replace(field, fields=inside, encrypted="none" if chance.random() < 0.05 else None)

    fields = tuple(marked(each) for each in CATALOGUE.fields)
    events = tuple(replace(each, fields=tuple(marked(one) for one in each.fields)) for each in CATALOGUE.events)
    return with_derived(replace(CATALOGUE, fields=fields, events=events))


def redrawn(
    chance: Random, fields: tuple[Field, ...], mine: Mapping[str, Any], other: Mapping[str, Any]
) -> dict[str, Any]:
    """The object with some of its private members as the other one has them."""
    found = dict(mine)
    for field in fields:
        if is_private(field) and chance.random() < 0.5:
            found.pop(field.name, None)
            found |= {field.name: other[field.name]} if field.name in other else {}
        elif field.fields and field.name in mine:
            theirs = other.get(field.name, [])
            pairs = zip(mine[field.name], theirs, strict=False) if field.many else [(mine[field.name], theirs or {})]
            inside = [redrawn(chance, field.fields, *pair) for pair in pairs]
            found[field.name] = inside + mine[field.name][len(inside) :] if field.many else inside[0]
    return {name: value for name, value in found.items() if value not in ([], {})}


def nodes(predicate: Predicate) -> Iterator[Predicate]:
    """Everything of which the explanation tells a verdict."""
    yield predicate
    for item in predicate.items if isinstance(predicate, AllOf | AnyOf) else ():
        yield from nodes(item)
    if isinstance(predicate, Not):
        yield from nodes(predicate.item)


def verdicts(predicate: Predicate, subject: Subject, now_ms: int) -> list[bool]:
    return [evaluate(each, subject, now_ms) for each in nodes(predicate)]


def test_what_is_private_changes_nothing_but_verdicts() -> None:
    alike = different = 0
    for seed in range(250):
        cases = ClockCases(Random(seed))
        chance = cases.source
        catalogue = some_private(chance)
        predicate = cases.predicate(chance.choice((0, 1, 1, 2)))
        profile, events = cases.profile(), cases.events()
        subject = Subject(profile, events, LISTS, KEY)
        held = verdicts(predicate, subject, cases.now_ms)
        told = explain(predicate, subject, cases.now_ms, catalogue=catalogue)
        for _ in range(ATTEMPTS):
            others = deepcopy(events)
            for event in others:
                kind = catalogue.event(event["type"])
                assert kind is not None
                event["data"] = redrawn(chance, kind.fields, event["data"], cases.event()["data"])
            changed = Subject(redrawn(chance, catalogue.fields, profile, cases.profile()), others, LISTS, KEY)
            if verdicts(predicate, changed, cases.now_ms) != held:
                continue
            alike += 1
            found = explain(predicate, changed, cases.now_ms, catalogue=catalogue)
            assert json.dumps(found) == json.dumps(told)
            assert list(lines(found)) == list(lines(told))
            shown = explain(predicate, changed, cases.now_ms, catalogue=catalogue, reveal=True)
            different += shown != explain(predicate, subject, cases.now_ms, catalogue=catalogue, reveal=True)
    assert alike > 500
    assert different > 100
