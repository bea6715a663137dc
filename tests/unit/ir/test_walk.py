"""Rebuilding predicates from their parts."""

from __future__ import annotations

from engine.ir.predicate import AllOf, Constant, Element, Events, EventSequence, InList, Leaf, Not, Predicate, Step
from engine.ir.walk import children, rebuilt

LEAF, OTHER, TEST = Leaf("country", "exists"), Leaf("city", "exists"), Leaf("value", "exists")


def test_a_predicate_of_which_nothing_changes_is_the_same_object() -> None:
    for predicate in (
        AllOf((LEAF, OTHER)),
        Not(LEAF),
        Element("orders", LEAF),
        Events("visit", "count", TEST, where=LEAF),
        EventSequence((Step("visit"), Step("visit", LEAF, 5))),
        InList("staff"),
    ):
        assert rebuilt(predicate, lambda each: each) is predicate


def test_each_child_is_asked_once_in_order() -> None:
    asked: list[Predicate] = []

    def marked(each: Predicate) -> Predicate:
        asked.append(each)
        return Constant(value=True)

    events = Events("visit", "count", TEST, where=LEAF)
    assert rebuilt(events, marked) == Events("visit", "count", Constant(value=True), where=Constant(value=True))
    assert asked == list(children(events))
