from __future__ import annotations

from itertools import pairwise

from engine.compiler.satisfiability import Known, always_holds, never_holds
from engine.ir.instant import parse_instant
from engine.ir.predicate import AllOf, AnyOf, Not, Predicate
from engine.operators.evaluate import Subject, evaluate
from tests.conformance.vocabulary import CATALOGUE
from tests.conformance.workload import LISTS, behaviours, events, predicates, profiles

NOW = parse_instant("2026-03-01T12:00:00Z")


def test_what_is_said_to_hold_never_or_always_does() -> None:
    parts = [case.predicate for case in predicates(11, 400)]
    people = profiles(12, 120)
    found = 0
    for first, second in pairwise(parts):
        for predicate in _combined(first, second):
            verdicts = {evaluate(predicate, Subject(profile, lists=LISTS), NOW) for profile in people}
            if never_holds(predicate):
                found += 1
                assert verdicts == {False}, predicate
            if always_holds(predicate):
                found += 1
                assert verdicts == {True}, predicate
    assert found > 400  # the claims below are among them, so that the test cannot pass by silence


def test_what_is_said_of_events_and_closed_values_never_or_always_does() -> None:
    parts = [case.predicate for case in behaviours(13, 300)]
    people = profiles(14, 60)
    histories = [events(15 + number, number % 12) for number in range(len(people))]
    known = Known.of(CATALOGUE)
    found = 0
    for first, second in pairwise(parts):
        for predicate in _combined(first, second):
            verdicts = {
                evaluate(predicate, Subject(profile, history, LISTS), NOW)
                for profile, history in zip(people, histories, strict=True)
            }
            if never_holds(predicate, known):
                found += 1
                assert verdicts == {False}, predicate
            if always_holds(predicate, known):
                found += 1
                assert verdicts == {True}, predicate
    assert found > 300  # the claims below are among them, so that the test cannot pass by silence


def _combined(first: Predicate, second: Predicate) -> list[Predicate]:
    return [
        first,
        AllOf((first, second)),
        AllOf((first, Not(second))),
        AllOf((first, Not(first))),
        AnyOf((Not(first), first, second)),
    ]
