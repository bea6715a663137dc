"""What a plan takes for the same means the same; what is only arranged otherwise is no change."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from engine.bundle.plan.sameness import in_canonical_order, with_names
from engine.bundle.plan.segments import clauses, segment_changes
from engine.ir.predicate import AllOf, AnyOf, Element, Leaf, Not, Predicate
from engine.operators.evaluate import Subject, evaluate
from tests.properties.predicate_cases import LISTS, NOWS, Cases

KEY = "customer_id"


def arranged(predicate: Predicate, source: Random) -> Predicate:
    """The predicate with items and values in another order, some of them said again."""
    match predicate:
        case AllOf(items) | AnyOf(items):
            moved = [arranged(item, source) for item in items]
            moved += source.choices(moved, k=source.randint(0, 1))
            source.shuffle(moved)
            return type(predicate)(tuple(moved))
        case Not(item):
            return Not(arranged(item, source))
        case Element(of, item):
            return Element(of, arranged(item, source))
        case Leaf(value=tuple(values)) if predicate.op == "in":
            return Leaf(
                predicate.field, "in", tuple(source.sample(values, len(values))), predicate.type, predicate.many
            )
    return predicate


@given(st.integers(0, 2**32))
def test_a_in_canonical_order_predicate_holds_for_the_same_profiles(seed: int) -> None:
    cases = Cases(Random(seed))
    for _ in range(10):
        predicate = cases.predicate(2)
        same = in_canonical_order(predicate)
        for _ in range(5):
            subject, now_ms = Subject(cases.profile(), cases.events(), LISTS, KEY), cases.source.choice(NOWS)
            assert evaluate(same, subject, now_ms) == evaluate(predicate, subject, now_ms)


@given(st.integers(0, 2**32))
def test_what_is_only_arranged_otherwise_is_no_change(seed: int) -> None:
    cases = Cases(Random(seed))
    for _ in range(10):
        predicate = cases.predicate(2)
        assert not list(segment_changes({"s": predicate}, {"s": arranged(predicate, cases.source)}))


def varied(predicate: Predicate, cases: Cases) -> Predicate:
    """The predicate with one of its conditions exchanged for another."""
    match predicate:
        case AllOf(items) | AnyOf(items):
            at = cases.source.randrange(len(items))
            return type(predicate)((*items[:at], varied(items[at], cases), *items[at + 1 :]))
        case Not(item):
            return Not(varied(item, cases))
    return cases.predicate(0)


def test_profiles_that_are_answered_otherwise_show_a_change() -> None:
    cases, answered_otherwise = Cases(Random(1)), 0
    for _ in range(1_500):
        one = cases.predicate(2)
        other = varied(one, cases)
        subject, now_ms = Subject(cases.profile(), cases.events(), LISTS, KEY), cases.source.choice(NOWS)
        if evaluate(one, subject, now_ms) != evaluate(other, subject, now_ms):
            answered_otherwise += 1
            assert list(segment_changes({"s": one}, {"s": other}))
    assert answered_otherwise > 200


@given(st.integers(0, 2**32))
def test_every_predicate_has_clauses_in_words_and_survives_other_names(seed: int) -> None:
    cases = Cases(Random(seed))
    predicate = cases.predicate(2)
    assert all(line.strip() for line in clauses(predicate))
    assert with_names(predicate, {"list": {"nobody": "somebody"}}) == predicate
