from __future__ import annotations

from engine.ir.predicate import Bounds, Element, Events, EventSequence, Leaf, Not, Predicate, Step
from engine.ir.private import Private, with_derived
from engine.ir.types import Aggregate, Catalogue, EventType, Field

CATALOGUE = Catalogue(
    "shop",
    "id",
    (
        Field("country", "keyword"),
        Field("email", "keyword", personal=True),
        Field("spent", "number", source=Aggregate("purchase", "sum", "amount")),
        Field("cards", "integer", source=Aggregate("purchase", "distinct", "card")),
        Field("card", "keyword"),
        Field("visits", "integer", personal=True, source=Aggregate("visit", "count")),
        Field("address", "object", fields=(Field("city", "keyword"), Field("street", "keyword", personal=True))),
    ),
    (
        EventType(
            "purchase", (Field("amount", "number"), Field("card", "keyword", encrypted="none")), (("card", "card"),)
        ),
        EventType("signup", (Field("mail", "keyword"), Field("page", "keyword")), (("email", "mail"),)),
        EventType("visit", (Field("page", "keyword"),)),
        EventType("click", (Field("page", "keyword"),)),
    ),
)
SOME = Leaf("value", "range", Bounds(1), "integer")
PAGE = Leaf("page", "equals", "a")


def test_what_is_made_of_something_private_is_private_and_so_is_what_it_is_made_of() -> None:
    found = with_derived(CATALOGUE)
    assert [each.name for each in found.fields if each.personal] == ["email", "cards", "card", "visits"]
    personal = [(event.name, each.name) for event in found.events for each in event.fields if each.personal]
    assert personal == [("signup", "mail")]  # a card is encrypted already
    assert with_derived(found) == found


def test_a_predicate_tells_something_private_where_any_part_of_it_looks_at_it() -> None:
    private: list[Predicate] = [
        Leaf("email", "exists"),
        Not(Leaf("cards", "range", Bounds(1), "integer")),
        Leaf("address", "exists", None, "object"),
        Leaf("undeclared", "exists"),
        Element("address", Leaf("city", "equals", "a")),
        Events("signup", "count", SOME, where=Leaf("mail", "exists")),
        Events("purchase", "distinct", SOME, "card"),
        Events("visit", "count", SOME),  # as many as `visits` says
        EventSequence((Step("click"), Step("visit"))),
    ]
    open_to_all: list[Predicate] = [
        Leaf("country", "exists"),
        Leaf("spent", "range", Bounds(1.0), "number"),
        Leaf("address.city", "equals", "a"),
        Events("signup", "count", SOME, where=PAGE),
        Events("purchase", "sum", Leaf("value", "range", Bounds(1.0), "number"), "amount"),
        EventSequence((Step("click", PAGE), Step("purchase"))),
    ]
    asked = Private(CATALOGUE)
    assert [asked.is_revealed_by(each) for each in private] == [True] * len(private)
    assert [asked.is_revealed_by(each) for each in open_to_all] == [False] * len(open_to_all)
