from __future__ import annotations

from typing import Any

import pytest

from engine.ir.types import Catalogue, EventType, Field
from engine.runtime.border import Border

CATALOGUE = Catalogue(
    "customer",
    "customer_id",
    (
        Field("country", "keyword"),
        Field("tags", "keyword", many=True),
        Field("email", "keyword", normalize="lowercase"),
        Field("spend", "number"),
        Field("points", "integer"),
        Field("opt_in", "boolean"),
        Field("last", "date"),
        Field("birthday", "day"),
        Field("home", "geo_point"),
        Field("tier", "keyword", values=("gold", "silver")),
        Field("orders", "object", many=True, fields=(Field("sku", "keyword"), Field("amount", "number"))),
        Field("address", "object", fields=(Field("city", "keyword"),)),
    ),
    (EventType("purchase", (Field("amount", "number"),)),),
)
BORDER = Border(CATALOGUE)


def _accepted(**fields: Any) -> dict[str, Any]:
    profile, problems = BORDER.profile({"customer_id": "c-1", **fields})
    assert not problems
    assert profile is not None
    return {key: value for key, value in profile.items() if key != "customer_id"}


def _problem(**fields: Any) -> tuple[str, str]:
    profile, problems = BORDER.profile({"customer_id": "c-1", **fields})
    assert profile is None
    assert len(problems) == 1
    return problems[0].path, problems[0].message


@pytest.mark.parametrize("missing", [None, [], [None], [None, None]])
def test_null_and_empty_lists_are_missing(missing: Any) -> None:
    assert _accepted(tags=missing) == {}
    assert _accepted(country=missing, address=missing, points=missing) == {}


def test_an_object_without_a_present_field_is_missing() -> None:
    assert _accepted(address={"city": None}, orders=[{}, {"sku": None}]) == {}
    assert _accepted(orders=[{}, {"sku": "x"}, None]) == {"orders": [{"sku": "x"}]}


def test_an_empty_text_is_a_value() -> None:
    assert _accepted(country="") == {"country": ""}


def test_a_character_that_the_pinned_data_do_not_know_is_a_character() -> None:
    assert _accepted(country="thanks 🩷\u0378") == {"country": "thanks 🩷\u0378"}


def test_values_become_canonical() -> None:
    assert _accepted(
        country="Cafe\u0301",
        email="İSTANBUL@ΣΑΣ",
        spend=3,
        points=2**53 + 1,
        last="2026-03-01T01:00:00+01:00",
        tags="vip",
    ) == {
        "country": "Café",
        "email": "istanbul@σασ",
        "spend": 3.0,
        "points": 2**53 + 1,
        "last": "2026-03-01T00:00:00.000Z",
        "tags": ["vip"],
    }
    assert str(_accepted(spend=-0.0)["spend"]) == "0.0"


@pytest.mark.parametrize(
    "fields, path",
    [
        ({"points": 5.0}, "points"),
        ({"points": 1e3}, "points"),
        ({"points": True}, "points"),
        ({"points": 2**63}, "points"),
        ({"points": "5"}, "points"),
        ({"spend": "5"}, "spend"),
        ({"spend": float("inf")}, "spend"),
        ({"spend": 10**400}, "spend"),
        ({"opt_in": 1}, "opt_in"),
        ({"country": 5}, "country"),
        ({"country": ["a", "b"]}, "country"),
        ({"country": "a\x00b"}, "country"),
        ({"country": "\ud800"}, "country"),
        ({"country": "\ufdd0"}, "country"),
        ({"country": "x" * 8192}, "country"),
        ({"last": "2026-03-01T01:00:00"}, "last"),
        ({"last": "2026-03-01T01:00:00.0001Z"}, "last"),
        ({"birthday": "2023-02-29"}, "birthday"),
        ({"home": [13.4, 52.5]}, "home"),
        ({"home": {"lat": 91, "lon": 0}}, "home"),
        ({"tier": "bronze"}, "tier"),
        ({"tags": ["a", 5]}, "tags[1]"),
        ({"tags": ["x"] * 10_001}, "tags"),
        ({"orders": [{"sku": "x", "amount": "y"}]}, "orders[0].amount"),
        ({"orders": [{"colour": "red"}]}, "orders[0].colour"),
        ({"address": "Berlin"}, "address"),
        ({"shoe_size": 42}, "shoe_size"),
    ],
)
def test_what_does_not_fit_is_told_by_its_path(fields: dict[str, Any], path: str) -> None:
    assert _problem(**fields)[0] == path


def test_messages_never_repeat_a_value() -> None:
    for fields in ({"points": "secret-1"}, {"tier": "secret-1"}, {"last": "secret-1"}, {"home": "secret-1"}):
        assert "secret" not in _problem(**fields)[1]


@pytest.mark.parametrize("key", [None, "", 5, "x" * 513, "é" * 257, "\x00"])
def test_every_profile_has_a_key_of_bounded_length(key: Any) -> None:
    profile, problems = BORDER.profile({"customer_id": key})
    assert profile is None
    assert problems[0].path == "customer_id"


@pytest.mark.parametrize("raw", [None, [], "x", 5])
def test_a_profile_is_an_object(raw: Any) -> None:
    assert BORDER.profile(raw)[0] is None


def test_many_problems_are_cut_off() -> None:
    _, problems = BORDER.profile({f"unknown_{index}": 1 for index in range(1_000)})
    assert len(problems) == 20


def test_an_event_keeps_its_parts() -> None:
    raw = {"id": "e-1", "type": "purchase", "customer_id": "c-1", "time": "2026-03-01T09:30:00Z", "data": {"amount": 5}}
    event, problems = BORDER.event(raw)
    assert not problems
    assert event == {**raw, "time": "2026-03-01T09:30:00.000Z", "data": {"amount": 5.0}}


@pytest.mark.parametrize(
    "change, path",
    [
        ({"id": None}, "id"),
        ({"type": "visit"}, "type"),
        ({"type": ["purchase"]}, "type"),
        ({"customer_id": ""}, "customer_id"),
        ({"time": "yesterday"}, "time"),
        ({"data": {"sku": "x"}}, "data.sku"),
        ({"data": []}, "data"),
        ({"amount": 5}, "amount"),
    ],
)
def test_a_broken_event_is_refused(change: dict[str, Any], path: str) -> None:
    raw = {"id": "e-1", "type": "purchase", "customer_id": "c-1", "time": "2026-03-01T09:30:00Z", "data": {}}
    event, problems = BORDER.event({**raw, **change})
    assert event is None
    assert [problem.path for problem in problems] == [path]


def _set_event(**data: Any) -> Any:
    return BORDER.event({"id": "e", "type": "$set", "customer_id": "c-1", "time": "2026-03-01T00:00:00Z", "data": data})


def test_fields_that_are_set_directly_are_read_as_profile_fields_are() -> None:
    event, problems = _set_event(email="A@B.example", spend=3, tags=None, country=[None])
    assert not problems
    assert event is not None
    assert event["data"] == {"email": "a@b.example", "spend": 3.0, "tags": None, "country": None}


def test_what_is_no_profile_field_cannot_be_set() -> None:
    _event, problems = _set_event(nope=1, points="x")
    assert [each.path for each in problems] == ["data.nope", "data.points"]


def test_what_is_expected_of_an_event_is_named_in_full() -> None:
    border = Border(Catalogue("shop", "id_of", (), (EventType("visit"), EventType("purchase"))))
    _, problems = border.event({"id": "", "id_of": "c-1", "time": "2026-03-01T00:00:00Z", "type": "refund"})
    assert [(each.path, each.message) for each in problems] == [
        ("id", "expected text that is not empty, found empty text"),
        ("type", "expected one of purchase, visit, $set"),
    ]
