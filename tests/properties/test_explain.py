from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.ir.instant import format_instant
from engine.ir.predicate import AllOf, AnyOf, Not, Predicate
from engine.operators.evaluate import Subject, evaluate
from engine.runtime.explain import explain, lines
from engine.runtime.flips import next_flip
from tests.properties.clock_cases import CATALOGUE, ClockCases
from tests.properties.predicate_cases import LISTS

KEY = "customer_id"


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_every_node_says_what_the_reference_says(seed: int) -> None:
    cases = ClockCases(Random(seed))
    predicate = cases.predicate(cases.source.choice((1, 2, 3)))
    subject = Subject(cases.profile(), cases.events(), LISTS, KEY)
    tree = explain(predicate, subject, cases.now_ms, catalogue=CATALOGUE, reveal=True)
    assert json.loads(json.dumps(tree)) == tree
    assert all(line.lstrip()[0] in "✓✗" for line in lines(tree))
    check(predicate, tree, subject, cases.now_ms)


def check(predicate: Predicate, node: Mapping[str, Any], subject: Subject, now_ms: int) -> None:
    assert node["holds"] is evaluate(predicate, subject, now_ms)
    flip = next_flip(predicate, subject, now_ms)
    assert node["flips_at"] == (None if flip.at_ms is None else format_instant(flip.at_ms))
    items = predicate.items if isinstance(predicate, AllOf | AnyOf) else ()
    items = (predicate.item,) if isinstance(predicate, Not) else items
    assert len(node.get("inside", ())) == len(items)
    for item, inside in zip(items, node.get("inside", ()), strict=True):
        check(item, inside, subject, now_ms)
