from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from engine.ir.predicate import (
    AllOf,
    Anniversary,
    Bounds,
    Element,
    Events,
    EventSequence,
    Leaf,
    Not,
    Now,
    Predicate,
    Step,
)
from engine.ir.types import Aggregate, Catalogue, Field
from engine.runtime.flips import Schedule, reads_clock

SECOND_MS, HOUR_MS, DAY_MS = 1_000, 3_600_000, 86_400_000
CATALOGUE = Catalogue("shop", "id", (Field("at", "date"),))
ACTIVE = Leaf("at", "range", Bounds(Now(-30 * DAY_MS), Now()), "date")
SOME = Leaf("value", "range", Bounds(1), "integer")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1_000)


def due(predicate: Predicate, now: str, *events: Any, **profile: Any) -> int | None:
    return Schedule({"it": predicate}, CATALOGUE).next({"id": "1", **profile}, events, at(now))


def event(time: str, kind: str = "purchase", **data: Any) -> dict[str, Any]:
    return {"type": kind, "time": time, "data": data}


def test_a_customer_leaves_the_last_30_days_a_millisecond_after_them() -> None:
    assert due(ACTIVE, "2026-03-01T00:00:00Z", at="2026-02-20T10:00:00.000Z") == at("2026-03-22T10:00:00.001Z")


def test_what_denies_is_due_at_the_same_instant() -> None:
    assert due(Not(ACTIVE), "2026-03-01T00:00:00Z", at="2026-02-20T10:00:00.000Z") == at("2026-03-22T10:00:00.001Z")


@pytest.mark.parametrize(
    "bounds, after_ms",
    [
        (Bounds(lower=Now(-DAY_MS)), 1),
        (Bounds(lower=Now(-DAY_MS), lower_inclusive=False), 0),
        (Bounds(upper=Now(-DAY_MS)), 0),
        (Bounds(upper=Now(-DAY_MS), upper_inclusive=False), 1),
    ],
)
def test_whether_a_limit_is_inclusive_decides_about_the_millisecond(bounds: Bounds, after_ms: int) -> None:
    leaf = Leaf("at", "range", bounds, "date")
    found = due(leaf, "2026-03-01T00:00:00Z", at="2026-03-01T00:00:00.000Z")
    assert found == at("2026-03-02T00:00:00Z") + after_ms


def test_nothing_is_due_once_every_limit_has_passed() -> None:
    assert due(ACTIVE, "2026-03-01T00:00:00Z", at="2020-01-01T00:00:00.000Z") is None
    assert due(ACTIVE, "2026-03-01T00:00:00Z") is None


def test_of_several_values_the_one_that_passes_first_counts() -> None:
    leaf = Leaf("seen", "range", Bounds(Now(-DAY_MS)), "date", many=True)
    seen = ["2026-02-28T12:00:00.000Z", "2026-02-28T06:00:00.000Z", "2026-02-01T00:00:00.000Z"]
    assert due(leaf, "2026-03-01T00:00:00Z", seen=seen) == at("2026-03-01T06:00:00.001Z")


def test_local_days_are_due_at_local_midnight_across_a_change_of_clocks() -> None:
    leaf = Leaf("at", "range", Bounds(Now(-1, "days", "Europe/Berlin")), "date")
    found = due(leaf, "2026-03-28T12:00:00Z", at="2026-03-28T12:00:00.000Z")
    assert found == at("2026-03-30T00:00:00+02:00")


def test_months_are_due_on_the_first_day_that_leads_beyond_the_value() -> None:
    leaf = Leaf("at", "range", Bounds(Now(-1, "months", "UTC")), "date")
    found = due(leaf, "2026-03-10T00:00:00Z", at="2026-02-28T12:00:00.000Z")
    assert found == at("2026-04-01T00:00:00Z")  # from 29, 30 and 31 March a month back is 28 February


@pytest.mark.parametrize(
    "now, expected",
    [
        ("2026-02-01T12:00:00Z", "2026-02-21T00:00:00Z"),
        ("2026-02-25T12:00:00Z", "2026-03-01T00:00:00Z"),
        ("2027-03-05T12:00:00Z", "2028-02-22T00:00:00Z"),
        ("2028-02-28T12:00:00Z", "2028-03-01T00:00:00Z"),
    ],
)
def test_a_birthday_on_29_february_comes_on_28_in_common_years(now: str, expected: str) -> None:
    leaf = Leaf("birthday", "anniversary_within", Anniversary(7), "day")
    assert due(leaf, now, birthday="1988-02-29") == at(expected)


def test_elements_of_lists_are_looked_at_one_by_one() -> None:
    element = Element("orders", Leaf("at", "range", Bounds(Now(-DAY_MS)), "date"))
    orders = [{"sku": "a"}, {"at": "2026-02-28T12:00:00.000Z"}, {"at": "2026-02-28T18:00:00.000Z"}]
    assert due(element, "2026-03-01T00:00:00Z", orders=orders) == at("2026-02-28T12:00:00.001Z") + DAY_MS


def test_an_event_is_due_to_leave_each_window_of_its_type() -> None:
    week = Events("purchase", "count", SOME, within=Now(-7 * DAY_MS))
    month = Events("purchase", "count", SOME, within=Now(-30 * DAY_MS))
    both = AllOf((week, month))
    purchase, visit = event("2026-02-27T10:00:00.000Z"), event("2026-02-21T10:00:00.000Z", "visit")
    assert due(both, "2026-03-01T00:00:00Z", visit, purchase) == at("2026-03-06T10:00:00.001Z")
    assert due(both, "2026-03-07T00:00:00Z", visit, purchase) == at("2026-03-29T10:00:00.001Z")
    assert due(both, "2026-03-30T00:00:00Z", visit, purchase) is None


def test_an_event_in_the_future_of_now_is_due_when_it_happens() -> None:
    ever = Events("purchase", "count", SOME)
    events = event("2026-02-27T10:00:00.000Z"), event("2026-03-02T10:00:00.000Z", "visit")
    assert due(ever, "2026-03-01T00:00:00Z", *events) == at("2026-03-02T10:00:00Z")


def test_a_long_history_is_searched_and_not_walked() -> None:
    windows = [Events("purchase", "count", SOME, within=Now(-days * DAY_MS)) for days in (1, 7, 30)]
    times = [
        f"2026-{month:02}-{day:02}T{hour:02}:00:00.000Z" for month in (1, 2) for day in range(1, 28) for hour in (1, 9)
    ]
    events = [event(time) for time in times]
    assert due(AllOf(tuple(windows)), "2026-02-28T00:00:00Z", *events) == at("2026-02-28T01:00:00.001Z")
    assert due(windows[2], "2026-02-28T00:00:00Z", *events) == at("2026-03-03T01:00:00.001Z")


def test_limits_inside_what_events_must_satisfy_are_watched() -> None:
    soon = Leaf("due", "range", Bounds(Now(), Now(DAY_MS)), "date")
    booked = event("2026-02-01T00:00:00.000Z", due="2026-03-05T00:00:00.000Z")
    for predicate in (Events("purchase", "count", SOME, where=soon), EventSequence((Step("purchase", soon),))):
        assert due(predicate, "2026-03-01T00:00:00Z", booked) == at("2026-03-04T00:00:00Z")
        assert due(predicate, "2026-03-04T00:00:00Z", booked) == at("2026-03-05T00:00:00.001Z")


def test_the_last_purchase_alone_is_compared_with_now() -> None:
    recent = Leaf("value", "range", Bounds(Now(-7 * DAY_MS)), "date")
    events = event("2026-02-25T00:00:00.000Z"), event("2026-02-27T00:00:00.000Z")
    found = due(Events("purchase", "last", recent, field="time"), "2026-03-01T00:00:00Z", *events)
    assert found == at("2026-03-06T00:00:00.001Z")


def test_aggregates_in_windows_are_due_though_no_predicate_asks() -> None:
    catalogue = Catalogue("shop", "id", (Field("n", "integer", source=Aggregate("purchase", "count", within=DAY_MS)),))
    schedule = Schedule({"n": Leaf("n", "range", Bounds(2), "integer"), "x": Leaf("x", "exists")}, catalogue)
    purchase = event("2026-03-01T10:00:00.000Z")
    assert schedule.next({"id": "1", "n": 1}, [purchase], at("2026-03-01T12:00:00Z")) == at("2026-03-02T10:00:00.001Z")
    assert schedule.clocked == {"n"}


@pytest.mark.parametrize(
    "predicate, expected",
    [
        (Leaf("at", "range", Bounds("2026-01-01T00:00:00.000Z"), "date"), False),
        (Leaf("country", "equals", "US"), False),
        (Not(ACTIVE), True),
        (Events("purchase", "count", SOME), True),
        (Element("orders", ACTIVE), True),
    ],
)
def test_what_asks_about_now_or_about_events_reads_the_clock(predicate: Predicate, *, expected: bool) -> None:
    assert reads_clock(predicate) is expected
    assert Schedule({"it": predicate}, CATALOGUE).clocked == ({"it"} if expected else set())
