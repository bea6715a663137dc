from __future__ import annotations

from collections.abc import Iterator

from engine.bundle.plan.audience import EXAMPLES, Answer, Pair, audience_of
from engine.bundle.plan.change import Change, Plan

NOW = "2026-03-01T00:00:00.000Z"
PLAN = Plan(
    "a",
    "b",
    (Change("segments", "renamed", "segment/new", was="old"), Change("routes", "renamed", "ruleset/r2", was="r1")),
)


def test_those_who_enter_and_leave_are_counted_with_a_few_examples() -> None:
    def pairs() -> Iterator[Pair]:
        for number in range(1_000):
            yield f"c-{number}", Answer(["all", "old"]), Answer(["all", "fresh"] if number % 2 else ["all", "new"])

    found = audience_of(PLAN, pairs(), NOW, lambda: 3)
    assert (found.profiles, found.refused) == (1_000, 3)
    assert found.movements.keys() == {"segment/fresh", "segment/new"}
    assert found.movements["segment/fresh"].entering == 500
    assert found.movements["segment/new"].leaving == 500
    assert found.movements["segment/new"].leaving_examples == ("c-1", "c-3", "c-5", "c-7", "c-9")
    assert len(found.movements["segment/new"].leaving_examples) == EXAMPLES


def test_another_way_and_another_output_are_counted_apart() -> None:
    pairs = [
        ("c-1", Answer([], {"r1": (("a", "b"), {"x": 1})}), Answer([], {"r2": (("a", "c"), {"x": 1})})),
        ("c-2", Answer([], {"r1": (("a", "b"), {"x": 1})}), Answer([], {"r2": (("a", "b"), {"x": 2})})),
        ("c-3", Answer([], {"r1": (("a", "b"), {"x": 1})}), Answer([], {"r2": (("a", "b"), {"x": 1})})),
        ("c-4", Answer([], {"gone": (("a",), {})}), Answer([], {"r2": (("a", "b"), {"x": 1})})),
    ]
    found = audience_of(PLAN, pairs, NOW).movements
    assert found.keys() == {"ruleset/r2"}
    assert (found["ruleset/r2"].rerouted, found["ruleset/r2"].other_output) == (1, 1)
    assert found["ruleset/r2"].rerouted_examples == ("c-1", "c-2")


def test_no_movement_is_no_entry() -> None:
    same = Answer(["all"], {"r": (("a",), {"x": None})})
    assert not audience_of(PLAN, [("c-1", same, same)], NOW).movements
