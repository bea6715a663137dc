from __future__ import annotations

from typing import Any

from engine.ir.instant import parse_instant
from engine.ir.types import Aggregate, Catalogue, EventType, Field
from engine.runtime.fold import Folding, fold
from engine.runtime.intake import event_order

DAY = 86_400_000


def _aggregate(name: Any, field: str | None = None, within: int | None = None) -> Aggregate:
    return Aggregate("purchase", name, field, within)


CATALOGUE = Catalogue(
    "customer",
    "customer_id",
    (
        Field("country", "keyword"),
        Field("last_at", "date"),
        Field("orders", "integer", source=_aggregate("count")),
        Field("orders_30d", "integer", source=_aggregate("count", within=30 * DAY)),
        Field("spend", "number", source=_aggregate("sum", "amount")),
        Field("cds", "integer", source=_aggregate("sum", "count")),
        Field("best", "number", source=_aggregate("max", "amount")),
        Field("mean", "number", source=_aggregate("avg", "amount")),
        Field("first_sku", "keyword", source=_aggregate("first", "sku")),
        Field("last_sku", "keyword", source=_aggregate("last", "sku")),
        Field("skus", "integer", source=_aggregate("distinct", "sku")),
        Field("first_at", "date", source=_aggregate("first", "time")),
    ),
    (
        EventType(
            "purchase",
            (
                Field("amount", "number"),
                Field("count", "integer"),
                Field("sku", "keyword"),
                Field("country", "keyword"),
            ),
            (("country", "country"), ("last_at", "time")),
        ),
        EventType("move", (Field("to", "keyword"),), (("country", "to"),)),
    ),
)
NOW = parse_instant("2026-03-31T00:00:00Z")


def _purchase(time: str, **data: Any) -> dict[str, Any]:
    return {"id": time, "type": "purchase", "customer_id": "c", "time": f"{time}T00:00:00.000Z", "data": data}


def _move(time: str, to: str) -> dict[str, Any]:
    return {"id": time, "type": "move", "customer_id": "c", "time": f"{time}T00:00:00.000Z", "data": {"to": to}}


def _fold(*events: dict[str, Any]) -> dict[str, Any]:
    return fold(CATALOGUE, "c", event_order(events), NOW)


def test_of_no_events_counts_and_sums_are_zero_and_the_rest_is_missing() -> None:
    assert _fold() == {"customer_id": "c", "orders": 0, "orders_30d": 0, "spend": 0.0, "cds": 0, "skus": 0}


def test_a_profile_says_what_its_events_say() -> None:
    found = _fold(
        _purchase("2026-03-20", amount=0.2, count=2, sku="b", country="US"),
        _purchase("2025-01-01", amount=0.1, count=2**53, sku="a"),
        _purchase("2026-03-02", count=1, sku="b"),
    )
    assert found == {
        "customer_id": "c",
        "country": "US",
        "last_at": "2026-03-20T00:00:00.000Z",
        "orders": 3,
        "orders_30d": 2,
        "spend": 0.30000000000000004,
        "cds": 2**53 + 3,
        "best": 0.2,
        "mean": 0.15000000000000002,
        "first_sku": "a",
        "last_sku": "b",
        "skus": 2,
        "first_at": "2025-01-01T00:00:00.000Z",
    }


def test_the_window_reaches_back_to_the_instant_and_no_further() -> None:
    assert _fold(_purchase("2026-03-01"))["orders_30d"] == 1
    early = {**_purchase("2026-02-28"), "time": "2026-02-28T23:59:59.999Z"}
    assert _fold(early)["orders_30d"] == 0


def test_events_after_now_do_not_count() -> None:
    late = {**_purchase("2026-03-31", country="DE"), "time": "2026-03-31T00:00:00.001Z"}
    assert _fold(late) == _fold()


def test_the_latest_event_that_has_the_field_sets_it_whatever_its_type() -> None:
    assert _fold(_purchase("2026-03-01", country="US"), _move("2026-03-02", "CA"))["country"] == "CA"
    assert _fold(_purchase("2026-03-03", country="US"), _move("2026-03-02", "CA"))["country"] == "US"
    assert _fold(_purchase("2026-03-03"), _move("2026-03-02", "CA"))["country"] == "CA"
    assert _fold(_move("2026-03-02", "CA"), _purchase("2026-03-02", country="US"))["country"] == "US"


def test_the_order_of_events_does_not_change_a_sum_of_doubles() -> None:
    amounts = [1e16, 1.0, -1e16, 0.1, 0.2, 0.3] * 3
    events = [_purchase(f"2026-03-{day + 1:02}", amount=amount) for day, amount in enumerate(amounts)]
    again = [_purchase(f"2026-03-{day + 1:02}", amount=amount) for day, amount in enumerate(reversed(amounts))]
    assert _fold(*events)["spend"] == _fold(*again)["spend"]


def test_a_profile_holds_values_in_the_letters_of_its_fields() -> None:
    catalogue = Catalogue(
        "customer",
        "customer_id",
        (
            Field("email", "keyword", normalize="lowercase"),
            Field("last_mail", "keyword", normalize="lowercase", source=_aggregate("last", "mail")),
            Field("level", "number"),
        ),
        (
            EventType(
                "purchase",
                (Field("mail", "keyword"), Field("points", "integer")),
                (("email", "mail"), ("level", "points")),
            ),
        ),
    )
    found = fold(catalogue, "c", [_purchase("2026-03-01", mail="A@B.C", points=5)], NOW)
    assert found == {"customer_id": "c", "email": "a@b.c", "last_mail": "a@b.c", "level": 5.0}
    assert isinstance(found["level"], float)


def _set(time: str, **data: Any) -> dict[str, Any]:
    return {"id": time, "type": "$set", "customer_id": "c", "time": f"{time}T00:00:00.000Z", "data": data}


def test_of_what_sets_a_field_the_latest_wins_whether_directly_or_by_an_event() -> None:
    assert _fold(_purchase("2026-03-01", country="US"), _set("2026-03-02", country="CA"))["country"] == "CA"
    assert _fold(_purchase("2026-03-03", country="US"), _set("2026-03-02", country="CA"))["country"] == "US"


def test_a_field_that_was_cleared_is_missing_until_it_is_set_again() -> None:
    cleared = [_purchase("2026-03-01", country="US"), _set("2026-03-02", country=None)]
    assert "country" not in _fold(*cleared)
    assert _fold(*cleared, _move("2026-03-03", "DE"))["country"] == "DE"


def test_what_is_stated_counts_as_set_before_the_first_event() -> None:
    stated = {"customer_id": "c", "country": "US", "last_at": "2030-01-01T00:00:00.000Z"}
    folding = Folding(CATALOGUE)
    assert folding.over(stated, [], NOW) == {**stated, "orders": 0, "orders_30d": 0, "spend": 0.0, "cds": 0, "skus": 0}
    found = folding.over(stated, [_purchase("2026-03-01")], NOW)
    assert (found["country"], found["last_at"], found["orders"]) == ("US", "2026-03-01T00:00:00.000Z", 1)
    assert folding.over(stated, [_move("2026-03-01", "DE")], NOW)["country"] == "DE"
    assert folding.over(stated, [_move("2026-04-01", "DE")], NOW)["country"] == "US"  # not yet
    assert stated["country"] == "US"


def test_a_set_to_null_clears_what_was_stated() -> None:
    cleared = {"id": "s", "type": "$set", "customer_id": "c", "time": "2026-03-01T00:00:00.000Z"}
    stated = {"customer_id": "c", "country": "US"}
    assert "country" not in Folding(CATALOGUE).over(stated, [{**cleared, "data": {"country": None}}], NOW)


def test_aggregates_that_are_not_stated_are_those_of_no_events() -> None:
    found = Folding(CATALOGUE).without_events({"customer_id": "c", "orders": 3, "best": 2.5})
    assert found == {"customer_id": "c", "orders": 3, "best": 2.5, "orders_30d": 0, "spend": 0.0, "cds": 0, "skus": 0}
    assert type(found["spend"]) is float
    assert {**found, "orders": 0} == {**_fold(), "best": 2.5}
