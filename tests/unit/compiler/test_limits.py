from __future__ import annotations

import pytest

from engine.compiler.targets.elasticsearch import Exact, compile_query
from engine.compiler.targets.limits import LEAVES_LIMIT, LEVELS_LIMIT, query_size, surely_within
from engine.ir.predicate import AllOf, AnyOf, Element, Leaf, Not, Predicate
from tests.conformance.vocabulary import CATALOGUE
from tests.conformance.workload import LISTS, predicates

US = Leaf("keyword", "equals", "US")
BOUGHT = Element("orders", Leaf("keyword", "equals", "a"))


def nested(levels: int, inner: Predicate = US) -> Predicate:
    for _ in range(levels):
        inner = Not(inner)
    return inner


def query_is_within(predicate: Predicate) -> bool:
    compiled = compile_query(predicate, CATALOGUE, LISTS)
    size = query_size(compiled.query if isinstance(compiled, Exact) else compiled.surely_contains, CATALOGUE)
    return size.levels <= LEVELS_LIMIT and size.leaves <= LEAVES_LIMIT


def test_ordinary_predicates_are_known_to_be_within_the_limits_without_a_query() -> None:
    cases = [case.predicate for case in predicates(21, 300)]
    told = [each for each in cases if surely_within(each)]
    assert len(told) > 250
    assert all(query_is_within(each) for each in told)


@pytest.mark.parametrize(
    "predicate",
    [
        nested(LEVELS_LIMIT),
        nested(LEVELS_LIMIT - 2, BOUGHT),
        AnyOf((US,) * (LEAVES_LIMIT + 1)),
        AllOf((Not(US), *(US,) * LEAVES_LIMIT)),
        AnyOf((Leaf("bio", "contains", "a " * (LEAVES_LIMIT - 10), "text"), *(US,) * 20)),
        AnyOf((Leaf("bio", "contains", "漢" * (LEAVES_LIMIT + 1), "text"),)),
    ],
)
def test_what_may_be_too_large_is_not_waved_through(predicate: Predicate) -> None:
    assert not surely_within(predicate)


@pytest.mark.parametrize("levels", range(LEVELS_LIMIT - 4, LEVELS_LIMIT + 2))
@pytest.mark.parametrize("inner", [US, BOUGHT], ids=["leaf", "element"])
def test_levels_are_never_underestimated(levels: int, inner: Predicate) -> None:
    predicate = nested(levels, inner)
    assert query_is_within(predicate) or not surely_within(predicate)


def test_a_predicate_of_shared_parts_is_told_at_once() -> None:
    predicate: Predicate = US
    for _ in range(64):
        predicate = AnyOf((predicate, predicate))
    assert not surely_within(predicate)
