from __future__ import annotations

from datetime import datetime
from typing import Any

from engine.ir.instant import format_instant
from engine.ir.predicate import AllOf, AnyOf, Bounds, Constant, Events, InList, Leaf, Not, Now, Predicate
from engine.ir.types import Aggregate, Catalogue, Field
from engine.operators.evaluate import Subject
from engine.runtime.flips import Flip, next_flip

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
NOW = datetime.fromisoformat("2026-03-01T00:00:00Z")
NOW_MS = int(NOW.timestamp() * 1_000)


def ago(days: float) -> str:
    return format_instant(NOW_MS - int(days * DAY_MS))


def last(days: int, field: str = "at") -> Leaf:
    return Leaf(field, "range", Bounds(Now(-days * DAY_MS)), "date")


def flip(predicate: Predicate, *times: str, **profile: Any) -> Flip:
    events = [{"type": "purchase", "time": time, "data": {}} for time in sorted(times)]
    return next_flip(predicate, Subject({"customer_id": "c", **profile}, events, {"vip": {"c"}}), NOW_MS)


def in_days(days: float) -> Flip:
    return Flip(NOW_MS + int(days * DAY_MS) + 1)


def test_all_fail_with_the_first_condition_that_fails() -> None:
    assert flip(AllOf((last(30), last(7))), at=ago(5)) == in_days(2)


def test_all_hold_only_when_the_last_objection_is_gone() -> None:
    old_enough = AllOf((Not(last(30)), Not(last(7)), last(60)))
    assert flip(old_enough, at=ago(5)) == in_days(25)


def test_any_fails_only_with_the_last_condition_that_holds() -> None:
    assert flip(AnyOf((last(30), last(7))), at=ago(5)) == in_days(25)


def test_a_group_never_flips_while_a_condition_that_decides_it_stays() -> None:
    assert flip(AllOf((last(30), Leaf("country", "equals", "US"))), at=ago(5)) == Flip(None)
    assert flip(AnyOf((last(30), InList("vip"))), at=ago(5)) == Flip(None)
    assert flip(Constant(True)) == Flip(None)  # noqa: FBT003 - the one always


def test_conditions_that_swap_at_the_same_instant_do_not_flip_their_group() -> None:
    assert flip(AnyOf((last(7), Not(last(7)))), at=ago(5)) == Flip(None)


def test_a_count_flips_when_the_event_that_makes_it_leaves_the_window() -> None:
    twice = Events("purchase", "count", Leaf("value", "range", Bounds(2), "integer"), within=Now(-30 * DAY_MS))
    assert flip(twice, ago(20), ago(10), ago(5)) == in_days(20)
    assert flip(Not(twice), ago(20), ago(10), ago(5)) == in_days(20)
    assert flip(twice, ago(20)) == Flip(None)


def test_that_nothing_was_bought_becomes_true_when_the_last_purchase_leaves() -> None:
    nothing = Events("purchase", "count", Leaf("value", "equals", 0, "integer"), within=Now(-30 * DAY_MS))
    assert flip(nothing, *[ago(days) for days in range(1, 25)]) == in_days(29)


def test_beyond_so_many_attempts_the_instant_is_a_bound_and_says_so() -> None:
    many = Events("purchase", "count", Leaf("value", "equals", 0, "integer"), within=Now(-30 * DAY_MS))
    found = flip(many, *[ago(days / 100) for days in range(1, 2_000)])
    assert not found.exact
    assert found.at_ms is not None
    assert found.at_ms < NOW_MS + 30 * DAY_MS


def test_a_field_that_is_an_aggregate_in_a_window_changes_with_its_events() -> None:
    catalogue = Catalogue("shop", "id", (Field("n", "integer", source=Aggregate("purchase", "count", within=DAY_MS)),))
    times = [NOW_MS - 20 * HOUR_MS, NOW_MS - 2 * HOUR_MS]
    events = [{"type": "purchase", "time": format_instant(time), "data": {}} for time in times]

    def profile_at(at_ms: int) -> dict[str, Any]:
        return {"id": "1", "n": sum(at_ms - DAY_MS <= time <= at_ms for time in times)}

    twice = Leaf("n", "range", Bounds(2), "integer")
    subject = Subject(profile_at(NOW_MS), events)
    assert next_flip(twice, subject, NOW_MS) == Flip(None)
    found = next_flip(twice, subject, NOW_MS, catalogue=catalogue, profile_at=profile_at)
    assert found == Flip(NOW_MS + 4 * HOUR_MS + 1)
