"""What the compiler makes fits the catalogue; what was changed since does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.ir.predicate import Anniversary, Bounds, Circle, Element, Events, EventSequence, InList, Leaf, Now, Step
from engine.ir.program import Program
from engine.ir.typed_segments import is_sound
from tests.conformance.vocabulary import CATALOGUE
from tests.conformance.workload import LISTS, behaviours, predicates

PROGRAM = Program("shop", "UTC", CATALOGUE, lists=LISTS)
SOME = Leaf("value", "range", Bounds(1), "integer")


def test_every_predicate_that_operators_make_is_sound() -> None:
    for case in [*predicates(1, 1_500), *behaviours(2, 600)]:
        assert is_sound(case.predicate, PROGRAM), case.predicate


@pytest.mark.parametrize(
    "wrong",
    [
        Leaf("nowhere", "exists"),
        Leaf("keyword", "exists", None, "text"),
        Leaf("keyword", "exists", None, many=True),
        Leaf("keywords", "exists", None),
        Leaf("keyword", "equals", 5),
        Leaf("integer", "in", (1, True), "integer"),
        Leaf("integer", "equals", 5.0, "integer"),
        Leaf("number", "range", Bounds(5), "number"),
        Leaf("number", "range", Bounds(Now()), "number"),
        Leaf("date", "range", Bounds("2026-03-01"), "date"),
        Leaf("date", "range", Bounds(Now(0, "days", "Nowhere/Else")), "date"),
        Leaf("date", "range", Bounds(Now(-(2**62), "days")), "date"),
        Leaf("keyword", "range", Bounds("a"), "keyword"),
        Leaf("keyword", "in", ()),
        Leaf("keyword", "in", ("a", 5)),
        Leaf("keyword", "within_distance", Circle(0.0, 0.0, 1.0)),
        Leaf("point", "within_distance", Circle(91.0, 0.0, 1.0), "geo_point"),
        Leaf("day", "anniversary_within", Anniversary(2**62), "day"),
        Leaf("day", "anniversary_within", Anniversary(7, "../../etc/passwd"), "day"),
        Element("keyword", Leaf("code", "exists")),
        Element("orders", Leaf("nowhere", "exists")),
        InList("nobody"),
        Events("nothing", "count", SOME),
        Events("purchase", "sum", SOME, "keyword"),
        Events("purchase", "count", SOME, "nowhere"),
        Events("purchase", "count", Leaf("other", "exists", None, "integer")),
        Events("purchase", "count", SOME, where=Leaf("nowhere", "exists")),
        EventSequence(()),
        EventSequence((Step("visit", within=-1),)),
    ],
)
def test_a_predicate_that_does_not_fit_the_catalogue_is_not(wrong: Any) -> None:
    assert not is_sound(wrong, replace(PROGRAM))
