from __future__ import annotations

import sys
from datetime import datetime

import pytest

from engine.ir.instant import FIRST_INSTANT, FIRST_MS
from engine.ir.predicate import AllOf, AnyOf, Bounds, Element, Events, InList, Leaf, Not, Now, Predicate
from engine.runtime.matcher import Matcher, Strategy
from engine.runtime.matcher.matcher import FUSED_SEGMENTS
from engine.runtime.matcher.order import Order

STRATEGIES: tuple[Strategy, ...] = ("fused", "indexed")
DAY_MS = 86_400_000


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1_000)


def matcher(segments: dict[str, Predicate], strategy: Strategy | None = None, **lists: frozenset[str]) -> Matcher:
    return Matcher(segments.items(), lists, "id", strategy=strategy)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_names_are_sorted_whatever_order_the_segments_came_in(strategy: Strategy) -> None:
    segments: dict[str, Predicate] = {name: Leaf("a", "exists") for name in ("s10", "s2", "b", "s1")}
    assert matcher(segments, strategy).match({"id": "1", "a": "x"}, 0) == ["b", "s1", "s10", "s2"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_segment_of_which_several_alternatives_hold_is_named_once(strategy: Strategy) -> None:
    either = AnyOf((Leaf("a", "equals", "x"), Leaf("b", "equals", "y")))
    assert matcher({"either": either}, strategy).match({"id": "1", "a": "x", "b": "y"}, 0) == ["either"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_denies_holds_for_a_missing_value(strategy: Strategy) -> None:
    segments: dict[str, Predicate] = {
        "is": Leaf("a", "equals", "x"),
        "is_not": Not(Leaf("a", "equals", "x")),
        "not_above": Not(Leaf("n", "range", Bounds(5.0, None), "number")),
        "without_tag": Not(Leaf("tags", "contains", "t", many=True)),
        "without_word": Not(Leaf("bio", "contains", "jazz", "text")),
    }
    matched = matcher(segments, strategy).match({"id": "1"}, 0)
    assert matched == ["is_not", "not_above", "without_tag", "without_word"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_range_relative_to_now_holds_to_the_millisecond(strategy: Strategy) -> None:
    recent = Leaf("seen", "range", Bounds(Now(-DAY_MS), Now()), "date")
    found = matcher({"recent": recent}, strategy)
    now_ms = at("2026-03-02T12:00:00+00:00")
    expected = {
        "2026-03-01T11:59:59.999Z": [],
        "2026-03-01T12:00:00.000Z": ["recent"],
        "2026-03-02T12:00:00.000Z": ["recent"],
        "2026-03-02T12:00:00.001Z": [],
    }
    assert {seen: found.match({"id": "1", "seen": seen}, now_ms) for seen in expected} == expected


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("amount", [-1, 0, 1, -DAY_MS])
def test_a_limit_before_the_first_instant_is_the_first_instant(strategy: Strategy, amount: int) -> None:
    match = matcher({"up to it": Leaf("at", "range", Bounds(upper=Now(amount)), "date")}, strategy).match
    assert match({"id": "1", "at": FIRST_INSTANT}, FIRST_MS) == ["up to it"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_range_bound_to_local_days_moves_on_at_local_midnight(strategy: Strategy) -> None:
    today = Leaf("seen", "range", Bounds(Now(0, "days", "Europe/Berlin"), None), "date")
    segments = {f"today_{number}": today for number in range(50)}  # enough for a column of their own
    found = matcher(dict(segments), strategy)
    profile = {"id": "1", "seen": "2026-06-01T22:30:00.000Z"}  # 2 June, 00:30 in Berlin
    before, after = at("2026-06-02T23:59:59.999+02:00"), at("2026-06-03T00:00:00+02:00")
    assert [len(found.match(profile, now)) for now in (before, after, before)] == [50, 0, 50]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_behaviour_lists_and_elements_are_decided_together(strategy: Strategy) -> None:
    buys = Events("purchase", "count", Leaf("value", "range", Bounds(2, None), "integer"))
    dear = Element("orders", Leaf("amount", "range", Bounds(10.0, None), "number"))
    found = matcher({"all": AllOf((buys, dear, InList("vips")))}, strategy, vips=frozenset({"1"}))
    events = [{"type": "purchase", "time": "2026-01-01T00:00:00.000Z", "data": {}}] * 2
    profile = {"id": "1", "orders": [{"amount": 1.0}, {"amount": 10.0}]}
    now_ms = at("2026-02-01T00:00:00+00:00")
    assert found.match(profile, now_ms, events) == ["all"]
    assert found.match({**profile, "id": "2"}, now_ms, events) == []
    assert found.match(profile, now_ms, events[:1]) == []
    assert found.bind(now_ms)(profile, events) == ["all"]


def test_few_segments_are_fused_and_many_indexed() -> None:
    leaf = Leaf("a", "equals", "x")
    assert matcher({f"s{number}": leaf for number in range(FUSED_SEGMENTS)}).strategy == "fused"
    assert matcher({f"s{number}": leaf for number in range(FUSED_SEGMENTS + 1)}).strategy == "indexed"
    assert (
        matcher({"s": AnyOf(tuple(Leaf("a", "like", f"{number}*") for number in range(3_000)))}).strategy == "indexed"
    )


def test_no_segments_match_nobody() -> None:
    assert matcher({}).match({"id": "1"}, 0) == []
    assert matcher({}, "indexed").match({"id": "1"}, 0) == []


def test_two_segments_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="same name"):
        Matcher([("a", Leaf("a", "exists")), ("a", Leaf("b", "exists"))], {}, "id")


def test_affected_names_the_segments_that_read_a_changed_field() -> None:
    segments: dict[str, Predicate] = {
        "by_city": Leaf("address.city", "equals", "Oslo"),
        "by_tier": Not(Leaf("tier", "equals", "gold")),
        "by_both": AllOf((Leaf("tier", "exists"), Leaf("country", "exists"))),
    }
    found = matcher(segments)
    assert found.names_reading({"tier"}) == ["by_both", "by_tier"]
    assert found.names_reading({"address", "country"}) == ["by_both", "by_city"]
    assert found.names_reading({"unknown"}) == []


def test_twenty_thousand_different_limits_stay_within_the_memory_given() -> None:
    count, memory = 20_000, 4 << 20  # with a mask for each limit it would be 50 MB
    limits = {f"s{number:05d}": Leaf("n", "range", Bounds(number, None), "integer") for number in range(count)}
    found = Matcher(limits.items(), {}, "id", memory=memory)
    masks: list[int] = next(value for value in _held(found) if isinstance(value, Order))._masks
    assert sum(map(sys.getsizeof, masks)) <= 1.1 * memory
    assert found.match({"id": "1", "n": 2}, 0) == ["s00000", "s00001", "s00002"]
    assert found.match({"id": "1", "n": 15_000}, 0)[-1] == "s15000"
    assert len(found.match({"id": "1", "n": 15_000}, 0)) == 15_001


def _held(found: Matcher) -> list[object]:
    """The objects whose methods the generated function calls."""
    bound = found.match.__globals__.values()  # type: ignore[attr-defined] # it is a generated function
    return [getattr(value, "__self__", None) for value in bound]


def test_constants_that_look_like_code_are_only_constants() -> None:
    nasty = "'); raise SystemExit #\n\\"
    for strategy in STRATEGIES:
        found = matcher({nasty: Leaf(nasty, "equals", nasty)}, strategy)
        assert found.match({"id": "1", nasty: nasty}, 0) == [nasty]
