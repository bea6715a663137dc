from __future__ import annotations

from typing import Any

import pytest

from engine.ir.predicate import AllOf, AnyOf, Bounds, Element, Events, InList, Leaf, Not, Now, Predicate
from engine.runtime.matcher.delta import Delta

DAY_MS = 86_400_000
NOW_MS = 1_774_746_000_000
SOME = Leaf("value", "range", Bounds(1), "integer")
SEGMENTS: dict[str, Predicate] = {
    "american": Leaf("country", "equals", "US"),
    "foreign": Not(Leaf("country", "equals", "US")),
    "rich american": AllOf((Leaf("country", "equals", "US"), Leaf("value", "range", Bounds(100.0), "number"))),
    "rich or american": AnyOf((Leaf("country", "equals", "US"), Leaf("value", "range", Bounds(100.0), "number"))),
    "a country like U": Leaf("country", "starts_with", "U"),
    "buyer": Events("purchase", "count", SOME),
    "american buyer": AllOf((Leaf("country", "equals", "US"), Events("purchase", "count", SOME))),
    "vip": AllOf((InList("vip"), Leaf("country", "exists"))),
    "orders": Element("orders", Leaf("sku", "equals", "a")),
    "city": Leaf("home.city", "equals", "Berlin"),
    "recent": Leaf("at", "range", Bounds(Now(-DAY_MS)), "date"),
}


def delta(**segments: Predicate) -> Delta:
    return Delta((segments or SEGMENTS).items(), {"vip": {"1"}}, "id")


def moved(old: Any, new: Any, was: set[str], **more: Any) -> tuple[list[str], list[str]]:
    changed = {name for name in {*(old or {}), *new} if (old or {}).get(name) != new.get(name)}
    return delta().moves(old, {"id": "1", **new}, NOW_MS, more.pop("events", ()), fields=changed, was=was, **more)


def test_only_what_mentions_the_field_is_told() -> None:
    was = {"foreign"}
    assert moved({}, {"country": "US"}, was) == (
        ["a country like U", "american", "rich or american", "vip"],
        ["foreign"],
    )


def test_absence_is_a_change_like_any_other() -> None:
    was = {"a country like U", "american", "rich or american", "vip"}
    assert moved({"country": "US"}, {}, was) == (["foreign"], sorted(was))


def test_a_segment_of_which_another_alternative_holds_is_not_left() -> None:
    rich = {"value": 200.0}
    was = {"american", "rich american", "rich or american", "a country like U", "vip"}
    assert moved({"country": "US", **rich}, {"country": "DE", **rich}, was) == (
        ["foreign"],
        ["a country like U", "american", "rich american"],
    )


def test_several_fields_may_change_at_once() -> None:
    assert moved({"country": "DE"}, {"country": "US", "value": 200.0}, {"foreign", "vip"}) == (
        ["a country like U", "american", "rich american", "rich or american"],
        ["foreign"],
    )


def test_a_new_event_concerns_the_segments_of_its_type() -> None:
    events = [{"type": "purchase", "time": "2026-03-01T00:00:00.000Z", "data": {}}]
    profile = {"country": "US"}
    assert moved(profile, profile, set(), events=events, event_types={"purchase"}) == (["american buyer", "buyer"], [])
    assert moved(profile, profile, set(), events=events, event_types={"visit"}) == ([], [])
    assert moved(profile, profile, {"buyer"}, events=(), event_types={"purchase"}) == ([], ["buyer"])


def test_a_segment_that_time_has_moved_meanwhile_is_compared_with_what_was_held() -> None:
    old, new = {"at": "2020-01-01T00:00:00.000Z"}, {"at": "2020-01-02T00:00:00.000Z"}
    assert moved(old, new, {"recent"}) == ([], ["recent"])
    assert moved(old, new, set()) == ([], [])


def test_members_of_objects_belong_to_their_top_level_field() -> None:
    assert moved({}, {"home": {"city": "Berlin"}}, set()) == (["city"], [])
    assert moved({}, {"orders": [{"sku": "a"}]}, set()) == (["orders"], [])


def test_a_new_customer_is_asked_about_everything() -> None:
    assert moved(None, {"country": "DE"}, {"american"}) == (["foreign", "vip"], ["american"])


def test_a_field_that_nobody_mentions_moves_nothing() -> None:
    assert moved({}, {"unknown": 1}, {"american"}) == ([], [])
    assert delta().mentions({"unknown"}) == frozenset()


def test_what_mentions_a_field_or_an_event_type_is_known_by_name() -> None:
    found = delta()
    assert found.mentions({"value"}) == {"rich american", "rich or american"}
    assert found.mentions({"home"}, {"purchase"}) == {"city", "buyer", "american buyer"}
    assert found.clocked == {"buyer", "american buyer", "recent"}


def test_many_rows_are_read_in_the_order_of_their_names() -> None:
    segments: dict[str, Predicate] = {
        f"s{number:04}": Leaf("points", "range", Bounds(number), "integer") for number in range(3_000)
    }
    found = delta(**segments)
    found.prepare()
    names = sorted(segments)
    for low, high in ((10, 20), (0, 2_999), (100, 2_000)):
        old, new = {"id": "1", "points": low}, {"id": "1", "points": high}
        assert found.moves(old, new, 0, fields={"points"}, was=set()) == (names[low + 1 : high + 1], [])
        assert found.moves(new, old, 0, fields={"points"}, was=set()) == ([], names[low + 1 : high + 1])


def test_two_segments_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two segments have the same name"):
        Delta([("a", SOME), ("a", SOME)], {}, "id")
