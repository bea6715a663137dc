from __future__ import annotations

import pytest

from engine.compiler.satisfiability import always_holds, never_holds
from engine.ir.predicate import All, Any, Bounds, Constant, Element, Leaf, Not, Now, Predicate

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
        All((ORDERS_ABOVE_9, ORDERS_BELOW_5)),
        All((ORDERS_ABOVE_4, ORDERS_BELOW_5)),  # no whole number lies between 4 and 5
        All((OLD, RECENT)),
        All((US, Not(US))),
        All((US, Not(EXISTS))),
        All((US, Not(SOME))),
        All((US, Leaf("country", "in", ("CA", "DE")))),
        All((Any((ORDERS_ABOVE_9, US)), ORDERS_BELOW_5, Not(EXISTS))),
        All((ORDERS_ABOVE_9, Not(ORDERS_ABOVE_9))),
        All((Leaf("a.b", "equals", 1, "integer"), Leaf("a.b", "in", (2, 3), "integer"))),
        Not(Any((US, Not(US)))),
        Element("orders", All((US, Not(EXISTS)))),
        Constant(value=False),
        Leaf("last", "range", Bounds(lower="2026-01-02T00:00:00.000Z", upper="2026-01-01T00:00:00.000Z"), "date"),
        All(
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
        All((TAGS_ABOVE, TAGS_BELOW)),  # two elements may satisfy one each
        All((Not(ORDERS_ABOVE_9), Not(ORDERS_BELOW_5))),
        Any((ORDERS_ABOVE_9, ORDERS_BELOW_5)),  # fails for a missing value
        All((Leaf("orders", "range", Bounds(lower=5), "integer"), Leaf("orders", "range", Bounds(upper=5), "integer"))),
        All((US, SOME, EXISTS)),
        All((Not(US), EXISTS)),
        All((OLD, Leaf("last", "range", Bounds(lower="2026-01-01T00:00:00.000Z"), "date"))),
        Not(EXISTS),
        US,
    ],
)
def test_what_may_hold_and_may_fail_is_left_alone(predicate: Predicate) -> None:
    assert never_holds(predicate) is None
    assert not always_holds(predicate)


def test_large_alternatives_are_given_up_quickly() -> None:
    groups = tuple(Any(tuple(Leaf(f"f{n}", "equals", f"{m}") for m in range(10))) for n in range(40))
    assert never_holds(All(groups)) is None


@pytest.mark.parametrize("group", [All, Any])
def test_as_many_conditions_as_a_segment_may_have_are_looked_through(group: type[All | Any]) -> None:
    negations = group(tuple(Not(Leaf("country", "equals", f"v{n}")) for n in range(1_024)))
    assert never_holds(negations) is None
    assert always_holds(negations) is (group is Any)  # no country is two at once
    pairs = All(tuple(Any((Leaf(f"f{n}", "equals", "a"), Leaf(f"g{n}", "equals", "b"))) for n in range(512)))
    assert never_holds(pairs) is None
    assert not always_holds(pairs)
