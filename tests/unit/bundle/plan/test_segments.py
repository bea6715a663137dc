from __future__ import annotations

from engine.bundle.plan.change import Detail
from engine.bundle.plan.segments import clauses, segment_changes
from engine.ir.predicate import AllOf, AnyOf, Bounds, Constant, Leaf, Not, Predicate

RICH = Leaf("spend", "range", Bounds(lower=500.0), "number")
RICHER = Leaf("spend", "range", Bounds(lower=600.0), "number")
HERE = Leaf("country", "in", ("DE", "AT"))
BUSY = Leaf("orders", "range", Bounds(lower=3), "integer")


def changes(before: dict[str, Predicate], after: dict[str, Predicate]) -> list[tuple[str, str, str]]:
    return [(each.action, each.resource, each.was) for each in segment_changes(before, after)]


def test_equal_segments_are_no_change() -> None:
    assert not changes({"a": AllOf((RICH, HERE))}, {"a": AllOf((RICH, HERE))})


def test_the_order_of_conditions_and_values_and_their_repetition_mean_nothing() -> None:
    turned = AllOf((Leaf("country", "in", ("AT", "DE")), RICH, HERE, RICH))
    assert not changes({"a": AllOf((RICH, HERE))}, {"a": turned})
    assert not changes({"a": Not(AnyOf((RICH, HERE)))}, {"a": Not(AnyOf((HERE, RICH)))})


def test_values_of_another_type_are_another_meaning() -> None:
    one, text = Leaf("x", "in", (1, 2), "integer"), Leaf("x", "in", (True, 2), "integer")
    assert changes({"a": one}, {"a": text}) == [("changed", "segment/a", "")]


def test_new_and_gone_segments_are_told_with_their_clauses() -> None:
    found = {each.resource: each for each in segment_changes({"old": RICH}, {"new": HERE})}
    assert found["segment/new"].action == "added"
    assert found["segment/new"].details == (Detail("+", "country is one of DE, AT"),)
    assert found["segment/old"].action == "removed"
    assert found["segment/old"].details == (Detail("-", "spend is at least 500"),)


def test_a_changed_predicate_shows_the_clauses_that_differ_and_no_others() -> None:
    (found,) = segment_changes({"a": AllOf((RICH, HERE))}, {"a": AllOf((RICHER, HERE, BUSY))})
    assert found.details == (
        Detail("-", "spend is at least 500"),
        Detail("+", "spend is at least 600"),
        Detail("+", "orders is at least 3"),
    )


def test_an_equal_predicate_under_another_name_is_a_renaming() -> None:
    assert changes({"old": AllOf((RICH, HERE))}, {"new": AllOf((HERE, RICH))}) == [("renamed", "segment/new", "old")]


def test_a_renaming_needs_one_of_each() -> None:
    found = changes({"old": RICH}, {"new": RICH, "other": RICH})
    assert sorted(found) == [
        ("added", "segment/new", ""),
        ("added", "segment/other", ""),
        ("removed", "segment/old", ""),
    ]


def test_predicates_that_read_alike_are_told_apart_all_the_same() -> None:
    (found,) = segment_changes({"a": Leaf("x", "equals", "5")}, {"a": Leaf("x", "equals", 5, "integer")})
    assert [detail.sign for detail in found.details] == ["~"]


def test_clauses_of_a_choice_are_lines_of_their_own() -> None:
    assert clauses(AnyOf((RICH, HERE))) == ["any of:", "- spend is at least 500", "- country is one of DE, AT"]
    assert clauses(Constant(value=True)) == ["everyone"]
