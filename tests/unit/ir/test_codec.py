from __future__ import annotations

import json

import pytest

from engine.ir.canonical import canonical_bytes, digest
from engine.ir.codec import DecodeError, decode, encode
from engine.ir.predicate import (
    AllOf,
    AnyOf,
    Bounds,
    Circle,
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
from engine.ir.types import Aggregate, Catalogue, EventType, Field
from engine.ir.walk import depth, event_types, fields, leaf_count, lists

CATALOGUE = Catalogue(
    "customer",
    "customer_id",
    (
        Field("country", "keyword"),
        Field("spend", "number", source=Aggregate("purchase", "sum", "amount", 86_400_000)),
        Field("orders", "object", many=True, fields=(Field("sku", "keyword"), Field("amount", "number"))),
        Field("home", "object", fields=(Field("city", "keyword", normalize="lowercase"),)),
    ),
    (EventType("purchase", (Field("amount", "number"),), (("country", "country"),)),),
)
PREDICATE: Predicate = AllOf(
    (
        Leaf("country", "in", ("US", "CA")),
        Not(Leaf("spend", "range", Bounds(lower=1.0, upper=2.0, upper_inclusive=False), "number")),
        Leaf("last", "range", Bounds(lower=Now(-5), upper=Now()), "date"),
        AnyOf(
            (
                Constant(value=False),
                InList("staff"),
                Leaf("home", "within_distance", Circle(1.0, 2.0, 3.0), "geo_point"),
            )
        ),
        Element("orders", Leaf("sku", "equals", "x")),
        Events(
            "purchase",
            "count",
            Leaf("value", "range", Bounds(lower=3), "integer"),
            None,
            Leaf("amount", "exists"),
            Now(-9),
        ),
        EventSequence((Step("purchase"), Step("visit", Leaf("page", "equals", "home"), 5)), Now(-7)),
    )
)


def test_a_value_comes_back_from_its_json() -> None:
    for value in (PREDICATE, CATALOGUE):
        assert decode(json.loads(canonical_bytes(encode(value)))) == value


def test_numbers_of_other_types_have_other_bytes() -> None:
    texts = {
        canonical_bytes(encode(Leaf("a", "equals", value))) for value in (1, 1.0, True, "1", 2**53 + 1, float(2**53))
    }
    assert len(texts) == 6


def test_equal_values_have_equal_digests_whatever_the_key_order() -> None:
    assert digest({"a": 1, "b": [1.5, "é"]}) == digest({"b": [1.5, "é"], "a": 1})
    assert digest({"a": 1}) != digest({"a": 1.0})


@pytest.mark.parametrize(
    "data",
    [{"$": "Import", "name": "os"}, {"$": "Leaf", "field": "a"}, {"$": "Leaf", "field": "a", "op": "equals", "x": 1}],
)
def test_unknown_classes_and_members_are_refused(data: object) -> None:
    with pytest.raises(DecodeError):
        decode(data)


def test_a_number_that_is_not_finite_has_no_bytes() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_bytes(float("nan"))


def test_walks_see_every_part() -> None:
    assert fields(PREDICATE) == {"country", "spend", "last", "home", "orders"}
    assert lists(PREDICATE) == {"staff"}
    assert event_types(PREDICATE) == {"purchase", "visit"}
    assert leaf_count(PREDICATE) == 10
    assert depth(PREDICATE) == 3


def test_shared_parts_are_counted_without_being_written_out() -> None:
    part: Predicate = Leaf("a", "exists")
    for _ in range(200):
        part = AllOf((part, part))
    assert leaf_count(part) == 2**200
    assert depth(part) == 201
