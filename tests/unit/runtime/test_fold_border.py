"""What reaches a profile has passed the border of its field; what has not is missing, and is told."""

from __future__ import annotations

from typing import Any

import pytest

from engine.ir.instant import parse_instant
from engine.ir.types import Aggregate, AggregateName, Catalogue, EventType, Field
from engine.runtime.border import SET, Border
from engine.runtime.fold import Folding, fold

NOW = parse_instant("2026-03-31T00:00:00Z")
BIG = 2**53 + 1  # no double equals it
TIERS = ("basic", "gold")
EVENT = EventType(
    "order",
    (
        Field("tier", "keyword"),
        Field("tiers", "keyword", many=True),
        Field("points", "integer"),
        Field("marks", "integer", many=True),
        Field("amount", "number"),
        Field("on", "date"),
    ),
    (("tier", "tier"), ("tiers", "tiers"), ("points", "points"), ("marks", "marks"), ("small", "tier")),
)
SET_BY_EVENTS = (
    Field("tier", "keyword", values=TIERS),
    Field("tiers", "keyword", many=True, values=TIERS),
    Field("points", "number"),
    Field("marks", "number", many=True),
    Field("small", "keyword", normalize="lowercase", values=TIERS),
)


def computed(name: AggregateName, of: str, kind: Any = "number", **more: Any) -> Field:
    return Field("result", kind, source=Aggregate("order", name, of), **more)


def catalogue(*more: Field) -> Catalogue:
    return Catalogue("customer", "customer_id", (*SET_BY_EVENTS, *more), (EVENT,))


def order(day: int, **data: Any) -> dict[str, Any]:
    return {
        "id": f"e-{day}",
        "type": "order",
        "customer_id": "c",
        "time": f"2026-03-{day:02}T00:00:00.000Z",
        "data": data,
    }


def profile(declared: Catalogue, *events: dict[str, Any]) -> dict[str, Any]:
    return fold(declared, "c", events, NOW)


@pytest.mark.parametrize(
    "field, kept, refused",
    [
        ("tier", "gold", "platinum"),
        ("tiers", ["gold"], ["gold", "platinum"]),
        ("points", 2**53, BIG),
        ("marks", [1, 2**53], [1, BIG]),
    ],
)
def test_a_value_that_the_field_may_not_hold_leaves_it_as_it_is(field: str, kept: Any, refused: Any) -> None:
    declared = catalogue()
    found = profile(declared, order(1, **{field: kept}), order(2, **{field: refused}))
    assert found[field] == kept
    assert field not in profile(declared, order(2, **{field: refused}))
    assert field in set(Folding(declared).refused_fields(order(2, **{field: refused})))
    assert field not in set(Folding(declared).refused_fields(order(2, **{field: kept})))


def test_whole_numbers_become_doubles_in_lists_too() -> None:
    found = profile(catalogue(), order(1, points=3, marks=[1, 2]))
    assert [type(each) for each in (found["points"], *found["marks"])] == [float] * 3


def test_values_are_compared_in_the_letters_of_the_field() -> None:
    assert profile(catalogue(), order(1, tier="GOLD")) == {"customer_id": "c", "small": "gold"}


def test_what_the_border_of_profiles_takes_is_what_folding_gives() -> None:
    declared = catalogue(computed("last", "tier", "keyword", values=TIERS))
    found = profile(declared, order(1, tier="gold", tiers=["gold"], points=3, marks=[1, 2]), order(2, tier="platinum"))
    assert Border(declared).profile(found) == (found, [])


@pytest.mark.parametrize(
    "name, of, kind, values, expected",
    [
        ("first", "tier", "keyword", ["platinum", "gold", "basic"], "gold"),
        ("last", "tier", "keyword", ["gold", "basic", "platinum"], "basic"),
        ("max", "points", "number", [5, BIG], 5.0),
        ("min", "points", "number", [-BIG, 5], 5.0),
    ],
)
def test_an_aggregate_passes_over_what_the_field_may_not_hold(
    name: AggregateName, of: str, kind: str, values: list[Any], expected: Any
) -> None:
    declared = catalogue(computed(name, of, kind, values=TIERS if kind == "keyword" else ()))
    found = profile(declared, *(order(1 + day, **{of: value}) for day, value in enumerate(values)))
    assert found["result"] == expected
    assert type(found["result"]) is type(expected)
    refused = [
        day for day, value in enumerate(values) if "result" in Folding(declared).refused_fields(order(1, **{of: value}))
    ]
    assert len(refused) == 1


def test_a_sum_that_no_double_equals_is_missing_and_told() -> None:
    declared = catalogue(computed("sum", "points"))
    told: set[str] = set()
    events = [order(1, points=2**53), order(2, points=1)]
    assert "result" not in Folding(declared).profile("c", events, NOW, told)
    assert told == {"result"}
    assert Folding(declared).profile("c", events[:1], NOW)["result"] == 2.0**53


@pytest.mark.parametrize("name", ["sum", "avg"])
def test_a_result_beyond_all_doubles_is_missing_and_counted(name: AggregateName) -> None:
    declared = catalogue(computed(name, "amount", "number"))
    refused: set[str] = set()
    events = [order(1, amount=1.7e308), order(2, amount=1.7e308)]
    assert "result" not in Folding(declared).profile("c", events, NOW, refused)
    assert refused == {"result"}
    refused.clear()
    assert "result" not in Folding(declared).profile("c", [], NOW, refused) or name == "sum"
    assert not refused


@pytest.mark.parametrize("name", ["sum", "avg", "min", "max", "first", "last", "distinct"])
def test_values_of_a_type_that_the_event_has_no_more_do_not_count(name: AggregateName) -> None:
    kind = "integer" if name == "distinct" else "number"
    declared = catalogue(computed(name, "amount", kind))
    old = [order(1, amount="12.5"), order(2, amount=True), order(3, amount=[1.0])]
    assert profile(declared, *old, order(4, amount=2.0)) == profile(declared, order(4, amount=2.0))
    assert all("result" in Folding(declared).refused_fields(each) for each in old)


def test_dates_of_what_was_text_do_not_count() -> None:
    declared = catalogue(computed("max", "on", "date"))
    found = profile(declared, order(1, on="zzz"), order(2, on="2026-03-01T00:00:00.000Z"))
    assert found["result"] == "2026-03-01T00:00:00.000Z"


def test_what_is_set_directly_passes_too_and_other_fields_stay_away() -> None:
    declared = catalogue(computed("count", "tier", "integer"))
    direct = {**order(5), "type": SET, "data": {"tier": "platinum", "gone": 1, "result": 7, "marks": [1, 2]}}
    found = profile(declared, order(1, tier="gold"), direct)
    assert (found["tier"], found["marks"], found["result"]) == ("gold", [1.0, 2.0], 1)
    assert "gone" not in found
    assert list(Folding(declared).refused_fields(direct)) == ["tier"]
