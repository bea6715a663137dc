from __future__ import annotations

from typing import Any

import pytest

from engine.ir.instant import format_instant, parse_instant
from engine.ir.predicate import (
    AllOf,
    AnyOf,
    Bounds,
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
from engine.ir.types import AggregateName
from engine.operators.evaluate import Subject, evaluate, present_values

NOW = parse_instant("2026-03-31T12:00:00Z")
DAY = 86_400_000


def event(days: float, kind: str = "purchase", **data: Any) -> dict[str, Any]:
    return {"type": kind, "time": format_instant(NOW + int(days * DAY)), "data": data}


def holds(predicate: Predicate, profile: dict[str, Any] | None = None, *events: dict[str, Any]) -> bool:
    return evaluate(predicate, Subject(profile or {}, events, {"vips": {"c-1"}}), NOW)


def equals(field: str, value: str) -> Leaf:
    return Leaf(field, "equals", value)


@pytest.mark.parametrize("missing", [{}, {"tags": None}, {"tags": []}, {"tags": [None]}, {"tags": [None, None]}])
def test_missing_is_missing_in_every_way_of_writing_it(missing: dict[str, Any]) -> None:
    exists = Leaf("tags", "exists", many=True)
    assert not holds(exists, missing)
    assert holds(Not(exists), missing)
    assert not holds(Leaf("tags", "contains", "a", many=True), missing)
    assert holds(Not(Leaf("tags", "contains", "a", many=True)), missing)


@pytest.mark.parametrize("home", [{}, {"city": None}, {"tags": []}, {"inner": {"city": None}}])
def test_object_without_a_present_member_is_missing(home: dict[str, Any]) -> None:
    assert not holds(Leaf("home", "exists", None, "object"), {"home": home})
    assert not holds(Leaf("homes", "exists", None, "object", many=True), {"homes": [home]})


def test_empty_text_is_a_value() -> None:
    assert holds(Leaf("name", "exists"), {"name": ""})
    assert holds(equals("name", ""), {"name": ""})


def test_groups_are_those_of_logic() -> None:
    yes, no = Constant(value=True), Constant(value=False)
    assert holds(AllOf((yes, yes)))
    assert not holds(AllOf((yes, no)))
    assert holds(AnyOf((no, yes)))
    assert not holds(AnyOf((no, no)))
    assert holds(Not(no))


def test_true_is_not_one() -> None:
    assert not holds(Leaf("n", "equals", 1, "integer"), {"n": True})
    assert not holds(Leaf("n", "in", (1, 2), "integer"), {"n": True})


def test_both_bounds_are_met_by_one_element() -> None:
    between = Leaf("n", "range", Bounds(2, 4), "integer", many=True)
    assert holds(between, {"n": [1, 3]})
    assert not holds(between, {"n": [1, 5]})


def test_paths_go_through_objects() -> None:
    assert present_values({"home": {"city": {"name": "Ulm"}}}, "home.city.name") == ["Ulm"]
    assert present_values({"home": None}, "home.city.name") == []
    assert holds(equals("home.city", "Ulm"), {"home": {"city": "Ulm"}})


def test_element_means_one_and_the_same() -> None:
    both = AllOf((equals("sku", "a"), equals("color", "red")))
    profile = {"orders": [{"sku": "a", "color": "blue"}, {"sku": "b", "color": "red"}]}
    assert not holds(Element("orders", both), profile)
    assert holds(Element("orders", both), {"orders": [*profile["orders"], {"sku": "a", "color": "red"}]})


def test_not_inside_an_element_differs_from_not_outside() -> None:
    profile = {"orders": [{"sku": "a"}, {"sku": "b"}]}
    assert holds(Element("orders", Not(equals("sku", "a"))), profile)
    assert not holds(Not(Element("orders", equals("sku", "a"))), profile)
    assert holds(Not(Element("orders", equals("sku", "c"))), profile)
    assert not holds(Element("orders", Not(equals("sku", "a"))), {})


def test_member_list_asks_for_the_key() -> None:
    assert holds(InList("vips"), {"customer_id": "c-1"})
    assert not holds(InList("vips"), {"customer_id": "c-2"})


def count(test: Predicate, **options: Any) -> Events:
    return Events("purchase", "count", test, **options)


def at_least(number: int) -> Leaf:
    return Leaf("value", "range", Bounds(number), "integer")


def test_count_holds_for_nothing() -> None:
    assert holds(count(Leaf("value", "range", Bounds(upper=3, upper_inclusive=False), "integer")))
    assert holds(count(Leaf("value", "equals", 0, "integer")))
    assert not holds(count(at_least(1)))


def test_events_count_by_type_condition_and_window() -> None:
    events = [event(-40), event(-3, sku="a"), event(-2, sku="b"), event(-1, "visit"), event(0, sku="a")]
    assert holds(count(Leaf("value", "equals", 4, "integer")), {}, *events)
    assert holds(count(Leaf("value", "equals", 2, "integer"), where=equals("sku", "a")), {}, *events)
    month = Now(-30 * DAY)
    assert holds(count(Leaf("value", "equals", 3, "integer"), within=month), {}, *events)


def test_window_includes_its_ends_and_nothing_after_now() -> None:
    week = count(at_least(1), within=Now(-7 * DAY))
    millisecond = 1 / DAY
    assert holds(week, {}, event(-7))
    assert not holds(week, {}, event(-7 - millisecond))
    assert holds(week, {}, event(0))
    assert not holds(week, {}, event(millisecond))
    assert not holds(count(at_least(1)), {}, event(millisecond))


def test_calendar_window_begins_with_the_local_day() -> None:
    today = count(at_least(1), within=Now(0, "days", "Europe/Berlin"))
    assert holds(today, {}, event(-14 / 24))  # 22:00 UTC the day before is midnight in Berlin
    assert not holds(today, {}, event(-14.001 / 24))


@pytest.mark.parametrize(
    "name, result",
    [
        ("count", 3),
        ("sum", 9),
        ("min", 1),
        ("max", 5),
        ("avg", 3.0),
        ("first", 3),
        ("last", 5),
        ("distinct", 3),
    ],
)
def test_aggregate_skips_events_without_the_field(name: AggregateName, result: float) -> None:
    events = [event(-4, n=3), event(-3), event(-2, n=1), event(-1, n=5)]
    test = Leaf("value", "range", Bounds(result, result), "number")
    assert holds(Events("purchase", name, test, "n"), {}, *events)


@pytest.mark.parametrize("name", ["min", "max", "avg", "first", "last"])
def test_aggregate_of_nothing_is_missing(name: AggregateName) -> None:
    assert not holds(Events("purchase", name, Leaf("value", "range", Bounds(upper=1e300), "number"), "n"))
    assert holds(Events("purchase", name, Not(Leaf("value", "exists", None, "number")), "n"))


@pytest.mark.parametrize("name", ["count", "sum", "distinct"])
def test_aggregate_that_counts_nothing_is_zero(name: AggregateName) -> None:
    assert holds(Events("purchase", name, Leaf("value", "range", Bounds(0, 0), "number"), "n"))


def test_sums_of_whole_numbers_are_exact_and_sums_of_doubles_do_not_depend_on_order() -> None:
    large = [event(-3, n=2**53), event(-2, n=1), event(-1, n=1)]
    exact = Leaf("value", "equals", 2**53 + 2, "integer")
    assert holds(Events("purchase", "sum", exact, "n"), {}, *large)
    doubles = [event(-3, n=1e16), event(-2, n=1.0), event(-1, n=-1e16)]
    one = Leaf("value", "range", Bounds(1.0, 1.0), "number")
    assert holds(Events("purchase", "sum", one, "n"), {}, *doubles)


def test_time_of_events_can_be_asked() -> None:
    first = Events("purchase", "first", Leaf("value", "range", Bounds(Now(-3 * DAY), Now()), "date"), "time")
    assert holds(first, {}, event(-2), event(-1))
    assert not holds(first, {}, event(-5), event(-1))


def test_events_of_one_time_keep_their_order() -> None:
    last = Events("purchase", "last", equals("value", "b"), "sku")
    assert holds(last, {}, event(-1, sku="a"), event(-1, sku="b"))
    assert not holds(last, {}, event(-1, sku="b"), event(-1, sku="a"))


def sequence(*kinds: str, within: int | None = None) -> EventSequence:
    first, *rest = kinds
    return EventSequence((Step(first), *(Step(kind, None, within) for kind in rest)))


def test_sequence_needs_different_events_in_order() -> None:
    assert holds(sequence("visit", "purchase"), {}, event(-2, "visit"), event(-1))
    assert not holds(sequence("visit", "purchase"), {}, event(-2), event(-1, "visit"))
    assert not holds(sequence("purchase", "purchase"), {}, event(-1))
    assert holds(sequence("purchase", "purchase"), {}, event(-1), event(-1))
    assert not holds(sequence("purchase"), {})


def test_sequence_finds_the_way_that_keeps_every_gap() -> None:
    steps = sequence("visit", "visit", "purchase", within=2 * DAY)
    assert holds(steps, {}, event(-9, "visit"), event(-4, "visit"), event(-3, "visit"), event(-1))
    assert not holds(steps, {}, event(-9, "visit"), event(-3, "visit"), event(-1))
    assert holds(steps, {}, event(-5, "visit"), event(-3, "visit"), event(-1))
    assert not holds(steps, {}, event(-5, "visit"), event(-3, "visit"), event(-0.999))


def test_sequence_lies_in_its_window() -> None:
    inside = EventSequence((Step("visit"), Step("purchase")), Now(-7 * DAY))
    assert holds(inside, {}, event(-7, "visit"), event(0))
    assert not holds(inside, {}, event(-8, "visit"), event(0))
    assert not holds(inside, {}, event(-1, "visit"), event(1))
