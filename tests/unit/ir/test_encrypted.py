from __future__ import annotations

from dataclasses import replace

import pytest

from engine.ir.encrypted import Encrypted
from engine.ir.predicate import AllOf, Bounds, Element, Events, EventSequence, InList, Leaf, Not, Predicate, Step
from engine.ir.types import Aggregate, Catalogue, EventType, Field

CATALOGUE = Catalogue(
    "customer",
    "customer_id",
    (
        Field("country", "keyword"),
        Field("email", "keyword", encrypted="equality"),
        Field("home", "object", fields=(Field("city", "keyword"), Field("street", "text", encrypted="none"))),
        Field(
            "cards",
            "object",
            many=True,
            fields=(Field("kind", "keyword"), Field("number", "keyword", encrypted="none")),
        ),
        Field("last_page", "keyword", encrypted="none", source=Aggregate("visit", "last", "page")),
    ),
    (
        EventType("signup", (Field("mail", "keyword"), Field("country", "keyword")), (("email", "mail"),)),
        EventType("visit", (Field("page", "keyword"), Field("seconds", "integer"))),
    ),
)
ENCRYPTED = Encrypted(CATALOGUE)

PAGE, SECONDS = Leaf("page", "equals", "a"), Leaf("seconds", "range", Bounds(5), "integer")
MANY = Leaf("value", "range", Bounds(2), "integer")

MENTION: dict[str, Predicate] = {
    "a field": Leaf("email", "equals", "a"),
    "whether there is one": Leaf("email", "exists"),
    "deep inside": Not(AllOf((Leaf("country", "equals", "DE"), Not(Leaf("email", "in", ("a", "b")))))),
    "a member of an object": Leaf("home.street", "exists"),
    "a member of a list's objects": Element("cards", Leaf("number", "exists")),
    "events with a value": Events("visit", "count", MANY, where=AllOf((SECONDS, PAGE))),
    "the value of an event": Events("visit", "last", Leaf("value", "equals", "a"), "page"),
    "a step of a sequence": EventSequence((Step("visit", SECONDS), Step("signup", Leaf("mail", "equals", "a")))),
}
SILENT: dict[str, Predicate] = {
    "another field": Leaf("country", "equals", "DE"),
    "another member": Leaf("home.city", "equals", "a"),
    "another member of a list's objects": Element("cards", Leaf("kind", "equals", "a")),
    "an event's field of the same name": Events("visit", "count", MANY, where=Leaf("email", "equals", "a")),
    "another field of the event": Events("visit", "sum", MANY, "seconds", where=SECONDS),
    "how many values there are": Events("visit", "distinct", MANY, "page"),
    "another event": EventSequence((Step("visit", SECONDS), Step("signup", Leaf("country", "equals", "a")))),
    "a list of customers": InList("picked@1"),
}


def test_what_is_personal_counts_where_it_is_asked_for() -> None:
    nick = Field("nick", "keyword", personal=True)
    catalogue = Catalogue("c", "id", (nick, Field("age", "integer")), (EventType("signup", (nick,)),))
    at_signup = EventSequence((Step("signup", Leaf("nick", "equals", "a")),))
    for predicate in (Leaf("nick", "equals", "a"), at_signup):
        assert Encrypted(catalogue, personal=True).mentions(predicate)
        assert not Encrypted(catalogue).mentions(predicate)
    assert not Encrypted(catalogue, personal=True).mentions(Leaf("age", "equals", 1))
    assert Encrypted(CATALOGUE, personal=True).mentions(MENTION["a field"])


@pytest.mark.parametrize("name", MENTION)
def test_what_asks_about_an_encrypted_field_is_known(name: str) -> None:
    assert ENCRYPTED.mentions(MENTION[name])


@pytest.mark.parametrize("name", SILENT)
def test_what_asks_about_others_is_not_taken_for_it(name: str) -> None:
    assert not ENCRYPTED.mentions(SILENT[name])


def test_without_encrypted_fields_nothing_asks_about_any() -> None:
    none = Encrypted(Catalogue("customer", "customer_id", (Field("email", "keyword"),), CATALOGUE.events))
    assert not none
    assert not any(none.mentions(each) for each in MENTION.values())


def test_what_covers_another_catalogue_encrypts_at_least_as_much() -> None:
    def without(name: str) -> Encrypted:
        fields = tuple(replace(each, encrypted=None) if each.name == name else each for each in CATALOGUE.fields)
        return Encrypted(replace(CATALOGUE, fields=fields))

    assert ENCRYPTED.covers(ENCRYPTED)
    assert ENCRYPTED.covers(without("email"))
    assert not without("email").covers(ENCRYPTED)
    assert not without("last_page").covers(ENCRYPTED)
    home = Field("home", "object", fields=(Field("city", "keyword", encrypted="none"), Field("street", "text")))
    other = Encrypted(replace(CATALOGUE, fields=(home,)))
    assert not ENCRYPTED.covers(other)
    assert not other.covers(ENCRYPTED)
    sets = (EventType("signup", CATALOGUE.events[0].fields, (("email", "country"),)), CATALOGUE.events[1])
    assert not ENCRYPTED.covers(Encrypted(replace(CATALOGUE, events=sets)))


def test_parts_that_are_shared_are_looked_at_once() -> None:
    shared: Predicate = Leaf("country", "equals", "DE")
    for _ in range(60):
        shared = AllOf((shared, shared))
    assert not ENCRYPTED.mentions(shared)
