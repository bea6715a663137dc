from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from engine.ir.instant import parse_instant
from engine.ir.predicate import (
    AllOf,
    Anniversary,
    AnyOf,
    Bounds,
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
from engine.ir.types import Catalogue, EventType, Field
from engine.operators.evaluate import Subject
from engine.runtime.explain import explain, lines

DAY_MS = 86_400_000
NOW_MS = parse_instant("2026-03-01T00:00:00Z")
CATALOGUE = Catalogue(
    "shop",
    "id",
    (
        Field("country", "keyword"),
        Field("email", "keyword", encrypted="equality"),
        Field("phone", "keyword", personal=True),
        Field("at", "date"),
        Field("tags", "keyword", many=True),
        Field("orders", "object", many=True, fields=(Field("sku", "keyword"), Field("note", "text", personal=True))),
        Field("visits", "object", many=True, fields=(Field("page", "keyword"),)),
        Field("home", "object", fields=(Field("city", "keyword", personal=True), Field("floor", "integer"))),
    ),
    (
        EventType("purchase", (Field("amount", "number"), Field("card", "keyword", personal=True))),
        EventType("signup", (Field("mail", "keyword"),), (("email", "mail"),)),
    ),
)
RECENT = Leaf("at", "range", Bounds(Now(-30 * DAY_MS), Now()), "date")
EVENTS = [
    {"type": "purchase", "time": "2026-02-10T00:00:00.000Z", "data": {"amount": 5.0, "card": "1234"}},
    {"type": "visit", "time": "2026-02-11T00:00:00.000Z", "data": {}},
    {"type": "purchase", "time": "2026-02-20T00:00:00.000Z", "data": {"amount": 7.0}},
]


def told(predicate: Predicate, *, reveal: bool = False, **profile: Any) -> dict[str, Any]:
    subject = Subject({"id": "c1", **profile}, EVENTS, {"vip@0123": {"c1"}}, "id")
    found = explain(predicate, subject, NOW_MS, catalogue=CATALOGUE, reveal=reveal)
    assert json.loads(json.dumps(found)) == found
    return found


def test_a_condition_tells_value_limits_verdict_and_flip() -> None:
    assert told(RECENT, at="2026-02-15T12:00:00.000Z") == {
        "kind": "leaf",
        "words": "at is within the last 30 days",
        "holds": True,
        "flips_at": "2026-03-17T12:00:00.001Z",
        "field": "at",
        "operator": "range",
        "constant": {
            "$": "Bounds",
            "lower": {"$": "Now", "amount": -30 * DAY_MS},
            "upper": {"$": "Now"},
        },
        "limits": {"lower": "2026-01-30T00:00:00.000Z", "upper": "2026-03-01T00:00:00.000Z"},
        "values": ["2026-02-15T12:00:00.000Z"],
    }


def test_a_missing_value_is_told_with_the_reason() -> None:
    assert told(RECENT)["missing"] == "the profile has no `at`"
    assert told(Not(RECENT))["inside"][0]["missing"] == "the profile has no `at`"


def test_only_the_first_of_many_values_are_told() -> None:
    found = told(Leaf("tags", "contains", "z", many=True), tags=list("abcdefg"))
    assert found["values"] == ["a", "b", "c", "d", "e"]
    assert found["more"] == 2


def test_what_is_personal_or_encrypted_is_told_only_when_asked_for() -> None:
    profile: dict[str, Any] = {
        "email": "ada@example.org",
        "phone": "+49 30 1",
        "orders": [{"sku": "a", "note": "for Ada"}],
        "visits": [{"page": "start"}],
        "home": {"city": "Berlin", "floor": 3},
        "unknown": "Ada",
    }
    conditions: tuple[Predicate, ...] = (
        Leaf("email", "equals", "x"),
        Leaf("phone", "exists"),
        Element("orders", Leaf("sku", "equals", "a")),
        Leaf("orders.note", "contains", "Bob", "text", many=True),
        Leaf("home.city", "equals", "Paris"),
        Leaf("home", "exists", None, "object"),
        Leaf("unknown", "exists"),
        Events("purchase", "last", Leaf("value", "equals", "x"), "card"),
    )
    for each in told(AnyOf(conditions), **profile)["inside"]:
        assert each["withheld"] is True
        assert "values" not in each
    for each in told(AnyOf(conditions), reveal=True, **profile)["inside"]:
        assert each["values"]
    for open_to_all in (Leaf("home.floor", "range", Bounds(1), "integer"), Leaf("id", "equals", "c2")):
        assert told(open_to_all, **profile)["values"]
    assert told(Element("visits", Leaf("page", "equals", "a")), **profile)["values"] == [{"page": "start"}]


def test_what_private_fields_are_compared_with_is_told_only_when_asked_for() -> None:
    mail = Leaf("mail", "in", ("eve@plain.example", "x"))
    predicate = AllOf(
        (
            Not(Leaf("email", "equals", "ada@plain.example")),
            Leaf("email", "exists"),
            Events("signup", "last", Leaf("value", "starts_with", "bob@plain.example"), "mail"),
            Events("signup", "count", Leaf("value", "range", Bounds(1), "integer"), where=AnyOf((mail, Not(mail)))),
            EventSequence((Step("signup", mail), Step("purchase", Leaf("card", "equals", "a-card")))),
        )
    )
    signup = {"type": "signup", "time": "2026-02-20T00:00:00.000Z", "data": {"mail": "bob@plain.example"}}
    subject = Subject({"id": "c1", "email": "carl@plain.example"}, [signup], {}, "id")

    def explained(*, reveal: bool) -> str:
        found = explain(predicate, subject, NOW_MS, catalogue=CATALOGUE, reveal=reveal)
        return json.dumps(found) + "\n".join(lines(found))

    hidden, revealed = explained(reveal=False), explained(reveal=True)
    assert "plain.example" not in hidden
    assert "a-card" not in hidden
    assert "a-card" in revealed
    for name in ("ada", "bob", "carl", "eve"):
        assert f"{name}@plain.example" in revealed
    found = explain(predicate, subject, NOW_MS, catalogue=CATALOGUE)
    assert "\n".join(lines(found)) == (
        "✗ all of (when it flips is withheld)\n"
        "  ✓ email is not the value that is withheld (or is missing)\n"
        "    ✗ email is a value that is withheld  (the value is withheld)\n"
        "  ✓ email is known  (the value is withheld)\n"
        "  ✓ last of mail of signup events: value satisfies `starts_with` with a constant that is withheld"
        "  (the value is withheld; when it flips is withheld)\n"
        "  ✓ count of signup events where (mail is one of several values that are withheld or mail"
        " is none of several values that are withheld (or is missing)): value is at least 1"
        "  (the value is withheld; when it flips is withheld)\n"
        "  ✗ did in this order: signup (where mail is one of several values that are withheld), then purchase"
        " (where card is a value that is withheld)"
        "  (? × signup, ? × purchase; when it flips is withheld)"
    )


def test_a_verdict_on_a_personal_field_does_not_give_the_value_away() -> None:
    some = Leaf("value", "range", Bounds(1), "integer")
    private = (
        Leaf("phone", "equals", "a-secret"),
        Leaf("home.city", "in", ("a-secret", "x")),
        Element("orders", Leaf("note", "contains", "a-secret", "text")),
        Events("purchase", "count", some, where=Leaf("card", "equals", "a-secret")),
        Events("purchase", "last", Leaf("value", "equals", "a-secret"), "card"),
    )
    profile: dict[str, Any] = {"phone": "a-secret", "home": {"city": "a-secret"}, "orders": [{"note": "a-secret"}]}
    for predicate in private:
        hidden = told(Not(predicate), **profile)
        assert "a-secret" not in json.dumps(hidden) + "\n".join(lines(hidden))
        assert "a-secret" in json.dumps(told(predicate, reveal=True, **profile))
    assert told(private[0], **profile)["constant_withheld"] is True
    assert told(Leaf("home.floor", "range", Bounds(1), "integer"), **profile)["constant"]


def test_when_a_verdict_flips_is_withheld_where_it_tells_a_private_value() -> None:
    birthday = Leaf("birthday", "anniversary_within", Anniversary(7), "day")
    born = replace(CATALOGUE, fields=(*CATALOGUE.fields, Field("birthday", "day", personal=True)))
    for predicate in (birthday, Not(birthday), AnyOf((birthday, RECENT))):
        hidden, shown = [
            explain(
                predicate,
                Subject({"id": "c1", "birthday": "1990-03-05"}, [], {}, "id"),
                NOW_MS,
                catalogue=born,
                reveal=reveal,
            )
            for reveal in (False, True)
        ]
        assert (hidden["flips_at"], hidden["flips_withheld"]) == (None, True)
        assert shown["flips_at"] == "2026-03-06T00:00:00.000Z"
        assert "flips_withheld" not in shown
        assert all("2026-03-0" not in line for line in lines(hidden))


def test_whether_there_is_a_private_value_is_withheld() -> None:
    assert told(Leaf("phone", "equals", "x")) == told(Leaf("phone", "equals", "x"), phone="+49 30 1")


def test_behaviour_is_told_with_what_was_counted() -> None:
    spent = Events(
        "purchase", "sum", Leaf("value", "range", Bounds(10.0), "number"), "amount", within=Now(-30 * DAY_MS)
    )
    found = told(spent)
    assert found["holds"] is True
    assert found["values"] == [12.0]
    assert found["counted"] == 2
    assert found["latest"] == "2026-02-20T00:00:00.000Z"
    assert found["since"] == "2026-01-30T00:00:00.000Z"
    assert found["flips_at"] == "2026-03-12T00:00:00.001Z"


def test_what_did_not_happen_is_told_so() -> None:
    def count(test: Predicate) -> dict[str, Any]:
        return told(Not(Events("purchase", "count", test, within=Now(-7 * DAY_MS))))

    some = Leaf("value", "range", Bounds(1), "integer")
    assert count(some)["words"] == "no purchase events within the last 7 days"
    three = "count of purchase events within the last 7 days: value is not at least 3"
    assert count(Leaf("value", "range", Bounds(3), "integer"))["words"] == three
    least = Not(Events("purchase", "min", Leaf("value", "range", Bounds(3.0), "number"), "amount"))
    assert told(least)["words"].endswith(": value is not at least 3 (or is missing)")


def test_a_name_with_digits_is_told_as_it_is_written() -> None:
    assert told(Leaf("spend_30d", "exists"))["words"] == "spend_30d is known"
    assert told(Leaf("total_spend", "exists"))["words"] == "total spend is known"


def test_a_group_is_told_with_its_flip() -> None:
    first = next(lines(told(AllOf((RECENT, Leaf("country", "exists"))), at="2026-02-15T12:00:00.000Z", country="DE")))
    assert first == "✓ all of (flips at 2026-03-17 12:00:00.001 UTC)"


def test_a_sequence_is_told_step_by_step() -> None:
    steps = (Step("purchase", Leaf("amount", "range", Bounds(upper=6.0), "number")), Step("visit", within=DAY_MS))
    found = told(EventSequence(steps))
    assert found["words"] == "did in this order: purchase (where amount is at most 6), then visit at most 1 day later"
    assert [step["counted"] for step in found["steps"]] == [1, 1]
    assert found["flips_at"] is None


def test_the_tree_reads_as_text() -> None:
    tree = AllOf(
        (
            Not(Leaf("country", "equals", "US")),
            AnyOf((RECENT, InList("vip@0123"))),
            Events("purchase", "count", Leaf("value", "range", Bounds(3), "integer"), within=Now(-7 * DAY_MS)),
            Leaf("phone", "exists"),
            Element("orders", AllOf((Leaf("sku", "equals", "a"), Leaf("sku", "exists")))),
        )
    )
    found = told(tree, country="DE", at="2026-01-01T00:00:00.000Z", phone="+49 30 1", orders=[{"sku": "b"}])
    assert "\n".join(lines(found)) == (
        "✗ all of (when it flips is withheld)\n"
        "  ✓ country is not US (or is missing)\n"
        "    ✗ country is US  (is DE)\n"
        "  ✓ any of\n"
        "    ✗ at is within the last 30 days  (is “2026-01-01T00:00:00.000Z”)\n"
        "    ✓ is on the list vip\n"
        "  ✗ count of purchase events within the last 7 days: value is at least 3  (is 0)\n"
        "  ✓ phone is known  (the value is withheld)\n"
        "  ✗ one of the orders: (sku is a and sku is known)  (the value is withheld)"
    )


def test_a_constant_that_only_counts_from_now_on_is_shown_of_a_private_date_too() -> None:
    birth = Field("birth", "date", personal=True)
    catalogue = Catalogue("shop", "id", (birth,), (EventType("born", (Field("day", "date"),), (("birth", "day"),)),))
    subject = Subject({"id": "c1", "birth": "2026-02-15T12:00:00.000Z"}, (), {}, "id")
    recent = Leaf("birth", "range", RECENT.value, "date")
    found = explain(recent, subject, NOW_MS, catalogue=catalogue)
    assert list(lines(found)) == [
        "✓ birth is within the last 30 days  (the value is withheld; when it flips is withheld)"
    ]


def test_an_object_is_shown_in_words_not_as_python() -> None:
    found = told(Leaf("visits", "exists", None, "object", many=True), visits=[{"page": "start"}, {"page": "end"}])
    assert list(lines(found)) == ["✓ visits is known  (is page start, page end)"]
