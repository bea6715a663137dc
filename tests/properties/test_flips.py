from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.ir.predicate import Predicate
from engine.operators.evaluate import Subject, evaluate
from engine.runtime.flips import Flip, Schedule, next_flip, reads_clock
from engine.runtime.fold import Folding, fold_computed
from tests.properties.clock_cases import CATALOGUE, ClockCases
from tests.properties.predicate_cases import LISTS

KEY = "customer_id"
WINDOWED = Folding(CATALOGUE).computed

ProfileAt = Callable[[int], Mapping[str, Any]]


def drawn(seed: int, most: int) -> tuple[ClockCases, list[Predicate], list[dict[str, Any]], ProfileAt]:
    """Predicates, a history, and the profile as time goes by."""
    cases = ClockCases(Random(seed))
    predicates = [cases.predicate(cases.source.choice((0, 1, 2))) for _ in range(cases.source.randint(1, most))]
    profile, events = cases.profile(), cases.events()

    def profile_at(at_ms: int) -> Mapping[str, Any]:
        windows = fold_computed(WINDOWED, events, at_ms)
        return {**profile, **{name: value for name, value in windows.items() if value is not None}}

    return cases, predicates, events, profile_at


@given(st.integers(0, 2**32))
def test_nothing_changes_before_the_instant_that_the_schedule_names(seed: int) -> None:
    cases, predicates, events, profile_at = drawn(seed, 4)
    named = {f"s{number}": predicate for number, predicate in enumerate(predicates)}
    schedule = Schedule(named, CATALOGUE)

    def state(at_ms: int) -> tuple[list[bool], dict[str, Any]]:
        subject = Subject(profile_at(at_ms), events, LISTS, KEY)
        return [evaluate(each, subject, at_ms) for each in predicates], fold_computed(WINDOWED, events, at_ms)

    expected = state(cases.now_ms)
    until = schedule.next(profile_at(cases.now_ms), events, cases.now_ms)
    assert until is None or until > cases.now_ms
    for moment in cases.moments(predicates, profile_at(cases.now_ms), events):
        if until is not None and moment >= until:
            break
        assert state(moment) == expected, moment


@given(st.integers(0, 2**32))
def test_a_verdict_flips_at_the_instant_named_and_not_before(seed: int) -> None:
    cases, (predicate,), events, profile_at = drawn(seed, 1)

    def verdict(at_ms: int) -> bool:
        return evaluate(predicate, Subject(profile_at(at_ms), events, LISTS, KEY), at_ms)

    subject = Subject(profile_at(cases.now_ms), events, LISTS, KEY)
    flip = next_flip(predicate, subject, cases.now_ms, catalogue=CATALOGUE, profile_at=profile_at)
    check(flip, cases, [predicate], verdict, events, profile_at(cases.now_ms))


@given(st.integers(0, 2**32))
def test_a_verdict_on_a_profile_that_stays_flips_at_the_instant_named_and_not_before(seed: int) -> None:
    cases, (predicate,), events, profile_at = drawn(seed, 1)
    subject = Subject(profile_at(cases.now_ms), events, LISTS, KEY)
    flip = next_flip(predicate, subject, cases.now_ms)
    check(flip, cases, [predicate], lambda at_ms: evaluate(predicate, subject, at_ms), events, subject.profile)
    if not reads_clock(predicate):
        assert flip == Flip(None)


def check(
    flip: Flip,
    cases: ClockCases,
    predicates: list[Predicate],
    verdict: Callable[[int], bool],
    events: list[dict[str, Any]],
    profile: Mapping[str, Any],
) -> None:
    held = verdict(cases.now_ms)
    assert flip.exact
    assert flip.at_ms is None or verdict(flip.at_ms) is not held
    for moment in cases.moments(predicates, profile, events):
        if flip.at_ms is not None and moment >= flip.at_ms:
            break
        assert verdict(moment) is held, moment


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_going_from_instant_to_instant_of_the_schedule_finds_every_flip(seed: int) -> None:
    cases, predicates, events, profile_at = drawn(seed, 3)
    schedule = Schedule({f"s{number}": each for number, each in enumerate(predicates)}, CATALOGUE)
    states = {}
    at_ms: int | None = cases.now_ms
    for _ in range(60):
        if at_ms is None:
            break
        states[at_ms] = [evaluate(each, Subject(profile_at(at_ms), events, LISTS, KEY), at_ms) for each in predicates]
        at_ms = schedule.next(profile_at(at_ms), events, at_ms)
    seen = sorted(states)
    for moment in cases.moments(predicates, profile_at(cases.now_ms), events):
        if at_ms is not None and moment >= at_ms:
            break
        last = max(each for each in seen if each <= moment)
        subject = Subject(profile_at(moment), events, LISTS, KEY)
        assert [evaluate(each, subject, moment) for each in predicates] == states[last], moment
