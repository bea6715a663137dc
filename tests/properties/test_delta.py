from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.ir.walk import event_types, fields
from engine.operators.evaluate import Subject, evaluate
from engine.runtime.matcher.delta import Delta
from tests.properties.clock_cases import ClockCases
from tests.properties.predicate_cases import LISTS, NOW_MS, NOWS, Cases

KEY = "customer_id"
SIZES = st.sampled_from((1, 3, 10, 60))

Profile = Mapping[str, Any]


class World:
    """Segments, a customer who changes, and the membership that a caller keeps by what `Delta` says."""

    def __init__(self, cases: Cases, size: int) -> None:
        self.cases = cases
        self.segments = [(f"s{number:03}", cases.predicate(cases.source.choice((0, 1, 2)))) for number in range(size)]
        self.delta = Delta(self.segments, LISTS, KEY)
        self.profile: dict[str, Any] = {**cases.profile(), KEY: "c1"}
        self.events = cases.events()
        self.was: set[str] = set()

    def verdicts(self, now_ms: int) -> set[str]:
        subject = Subject(self.profile, self.events, LISTS, KEY)
        return {name for name, predicate in self.segments if evaluate(predicate, subject, now_ms)}

    def change(self) -> tuple[Profile, set[str], set[str]]:
        """Change some fields and events; the profile before, the changed fields and the event types."""
        old, drawn = self.profile, {**self.cases.profile(), KEY: "c1"}
        names = sorted(old.keys() | drawn.keys())
        some = self.cases.source.sample(names, min(len(names), self.cases.source.choice((0, 1, 1, 1, 2, 3, 6))))
        self.profile = {name: (drawn if name in some else old).get(name) for name in names}
        self.profile = {name: value for name, value in self.profile.items() if value is not None}
        changed = {name for name in names if old.get(name) != self.profile.get(name)}
        kinds = set()
        if self.cases.source.random() < 0.3:
            event = self.cases.event()
            self.events = sorted([*self.events, event], key=lambda each: str(each["time"]))
            kinds = {event["type"]}
        if self.events and self.cases.source.random() < 0.1:
            kinds.add(self.events[0]["type"])
            self.events = self.events[1:]
        return old, changed, kinds

    def mentioned(self, changed: set[str], kinds: set[str]) -> set[str]:
        return {
            name for name, predicate in self.segments if fields(predicate) & changed or event_types(predicate) & kinds
        }

    def follow(self, now_ms: int, *, steps: int, as_of_now: bool) -> None:
        """Change the customer again and again, and hold every answer to the reference."""
        for _ in range(steps):
            old, changed, kinds = self.change()
            entered, left = self.delta.moves(
                old,
                self.profile,
                now_ms,
                self.events,
                fields=changed,
                event_types=kinds,
                was=self.was,
                as_of_now=as_of_now and self.cases.source.random() < 0.7,
            )
            assert entered == sorted(entered)
            assert left == sorted(left)
            assert not self.was & set(entered)
            assert self.was.issuperset(left)
            self.was = (self.was | set(entered)) - set(left)
            mentioned = self.mentioned(changed, kinds)
            assert self.delta.mentions(changed, kinds) == mentioned
            assert mentioned.issuperset([*entered, *left])
            assert self.was & mentioned == self.verdicts(now_ms) & mentioned


@given(st.integers(0, 2**32), SIZES)
def test_what_a_change_moves_is_what_matching_everything_anew_finds(seed: int, size: int) -> None:
    cases = Cases(Random(seed))
    world = World(cases, size)
    now_ms = cases.source.choice(NOWS)
    world.was = world.verdicts(now_ms)
    world.follow(now_ms, steps=12, as_of_now=True)


@settings(max_examples=60)
@given(st.integers(0, 2**32), SIZES)
def test_so_it_is_where_most_conditions_move_with_the_clock(seed: int, size: int) -> None:
    cases = ClockCases(Random(seed))
    world = World(cases, size)
    world.was = world.verdicts(cases.now_ms)
    world.follow(cases.now_ms, steps=12, as_of_now=True)


@settings(max_examples=60)
@given(st.integers(0, 2**32), SIZES)
def test_membership_as_of_earlier_is_mended_where_something_mentioned_changed(seed: int, size: int) -> None:
    cases = ClockCases(Random(seed))
    world = World(cases, size)
    world.was = world.verdicts(cases.now_ms)
    now_ms = cases.now_ms
    for _ in range(4):
        now_ms += cases.source.choice((0, 1, 86_400_000, 30 * 86_400_000))
        world.follow(now_ms, steps=2, as_of_now=False)


@given(st.integers(0, 2**32), SIZES)
def test_a_new_customer_is_asked_about_everything(seed: int, size: int) -> None:
    world = World(Cases(Random(seed)), size)
    world.delta.prepare()
    moves = world.delta.moves(None, world.profile, NOW_MS, world.events, fields=(), was={"s000"})
    now = world.verdicts(NOW_MS)
    assert moves == (sorted(now - {"s000"}), sorted({"s000"} - now))
