from __future__ import annotations

import pytest

from engine.compiler.satisfiability import Known, always_holds, never_holds
from engine.ir.predicate import (
    AllOf,
    AnyOf,
    Bounds,
    Constant,
    Element,
    Events,
    EventSequence,
    InList,
    Leaf,
    Not,
    Now,
    Predicate,
    Step,
)
from engine.ir.types import Aggregate, Catalogue, EventType, Field

ORDERS_ABOVE_9 = Leaf("orders", "range", Bounds(lower=9, lower_inclusive=False), "integer")
ORDERS_BELOW_5 = Leaf("orders", "range", Bounds(upper=5, upper_inclusive=False), "integer")
ORDERS_ABOVE_4 = Leaf("orders", "range", Bounds(lower=4, lower_inclusive=False), "integer")
TAGS_ABOVE = Leaf("scores", "range", Bounds(lower=9.0), "number", many=True)
TAGS_BELOW = Leaf("scores", "range", Bounds(upper=5.0), "number", many=True)
OLD = Leaf("last", "range", Bounds(upper=Now(-90), upper_inclusive=False), "date")
RECENT = Leaf("last", "range", Bounds(lower=Now(-30), upper=Now()), "date")
US = Leaf("country", "equals", "US")
EXISTS = Leaf("country", "exists")
OPTED_IN = Leaf("opt", "equals", value=True, type="boolean")
OPTED_OUT = Leaf("opt", "equals", value=False, type="boolean")
SOME = Leaf("country", "in", ("US", "CA"))


@pytest.mark.parametrize(
    "predicate",
    [
        AllOf((ORDERS_ABOVE_9, ORDERS_BELOW_5)),
        AllOf((ORDERS_ABOVE_4, ORDERS_BELOW_5)),  # no whole number lies between 4 and 5
        AllOf((OLD, RECENT)),
        AllOf((US, Not(US))),
        AllOf((US, Not(EXISTS))),
        AllOf((US, Not(SOME))),
        AllOf((US, Leaf("country", "in", ("CA", "DE")))),
        AllOf((AnyOf((ORDERS_ABOVE_9, US)), ORDERS_BELOW_5, Not(EXISTS))),
        AllOf((ORDERS_ABOVE_9, Not(ORDERS_ABOVE_9))),
        AllOf((Leaf("a.b", "equals", 1, "integer"), Leaf("a.b", "in", (2, 3), "integer"))),
        Not(AnyOf((US, Not(US)))),
        Element("orders", AllOf((US, Not(EXISTS)))),
        Constant(value=False),
        Leaf("last", "range", Bounds(lower="2026-01-02T00:00:00.000Z", upper="2026-01-01T00:00:00.000Z"), "date"),
        AllOf(
            (
                Leaf("opt", "exists", None, "boolean"),
                Not(OPTED_IN),
                Not(OPTED_OUT),
            )
        ),
    ],
)
def test_a_contradiction_never_holds(predicate: Predicate) -> None:
    assert never_holds(predicate)
    assert always_holds(Not(predicate))


@pytest.mark.parametrize(
    "predicate",
    [
        AllOf((TAGS_ABOVE, TAGS_BELOW)),  # two elements may satisfy one each
        AllOf((Not(ORDERS_ABOVE_9), Not(ORDERS_BELOW_5))),
        AnyOf((ORDERS_ABOVE_9, ORDERS_BELOW_5)),  # fails for a missing value
        AllOf(
            (Leaf("orders", "range", Bounds(lower=5), "integer"), Leaf("orders", "range", Bounds(upper=5), "integer"))
        ),
        AllOf((US, SOME, EXISTS)),
        AllOf((Not(US), EXISTS)),
        AllOf((OLD, Leaf("last", "range", Bounds(lower="2026-01-01T00:00:00.000Z"), "date"))),
        Not(EXISTS),
        US,
    ],
)
def test_what_may_hold_and_may_fail_is_left_alone(predicate: Predicate) -> None:
    assert never_holds(predicate) is None
    assert not always_holds(predicate)


def test_large_alternatives_are_given_up_quickly() -> None:
    groups = tuple(AnyOf(tuple(Leaf(f"f{n}", "equals", f"{m}") for m in range(10))) for n in range(40))
    assert never_holds(AllOf(groups)) is None


@pytest.mark.parametrize("group", [AllOf, AnyOf])
def test_as_many_conditions_as_a_segment_may_have_are_looked_through(group: type[AllOf | AnyOf]) -> None:
    negations = group(tuple(Not(Leaf("country", "equals", f"v{n}")) for n in range(1_024)))
    assert never_holds(negations) is None
    assert always_holds(negations) is (group is AnyOf)  # no country is two at once
    pairs = AllOf(tuple(AnyOf((Leaf(f"f{n}", "equals", "a"), Leaf(f"g{n}", "equals", "b"))) for n in range(512)))
    assert never_holds(pairs) is None
    assert not always_holds(pairs)


CATALOGUE = Catalogue(
    "customer",
    "customer_id",
    (
        Field("tier", "keyword", values=("basic", "gold")),
        Field("orders", "integer", source=Aggregate("purchase", "count")),
        Field("spend", "number", source=Aggregate("purchase", "sum", "amount")),
    ),
    (EventType("purchase", (Field("sku", "keyword"), Field("amount", "number"))),),
)
KNOWN = Known.of(CATALOGUE, {"nobody"})
BELOW_0 = Leaf("value", "range", Bounds(upper=0, upper_inclusive=False), "integer")
AT_LEAST_1 = Leaf("value", "range", Bounds(lower=1), "integer")
TWO_SKUS = AllOf((Leaf("sku", "equals", "a"), Leaf("sku", "equals", "b")))


@pytest.mark.parametrize(
    "predicate, reason",
    [
        (Events("purchase", "count", BELOW_0), "no count of `purchase` events satisfies the condition"),
        (
            Events("purchase", "count", AT_LEAST_1, where=TWO_SKUS),
            "in one event `purchase`, no value of `sku` satisfies all conditions on it",
        ),
        (
            EventSequence((Step("purchase"), Step("purchase", TWO_SKUS))),
            "in one event `purchase`, no value of `sku` satisfies all conditions on it",
        ),
        (
            Leaf("orders", "range", Bounds(upper=0, upper_inclusive=False), "integer"),
            "no value of `orders` satisfies all conditions on it",
        ),
        (Not(Leaf("orders", "exists", None, "integer")), "`orders` counts events, so it is never missing"),
        (InList("nobody"), "the list `nobody` has no members"),
        (
            AllOf((Leaf("tier", "exists"), Not(Leaf("tier", "in", ("basic", "gold"))))),
            "no value of `tier` satisfies all conditions on it",
        ),
    ],
)
def test_what_the_catalogue_rules_out_never_holds(predicate: Predicate, reason: str) -> None:
    assert never_holds(predicate, KNOWN) == reason
    assert always_holds(Not(predicate), KNOWN)
    assert never_holds(predicate) is None or isinstance(predicate, Events | EventSequence)


@pytest.mark.parametrize(
    "predicate",
    [
        Events("purchase", "count", Leaf("value", "range", Bounds(upper=1), "integer"), where=TWO_SKUS),  # of none: 0
        Events("purchase", "sum", BELOW_0, "amount"),
        Not(Leaf("spend", "exists", None, "number")),  # a sum may leave the range of doubles
        Leaf("orders", "equals", 0, "integer"),
        InList("some"),
        Not(Leaf("tier", "in", ("basic", "gold"))),  # also of whom nothing is known
    ],
)
def test_what_the_catalogue_allows_may_hold(predicate: Predicate) -> None:
    assert never_holds(predicate, KNOWN) is None
