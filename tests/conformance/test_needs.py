"""What every kind of need keeps: whoever adds one puts an example on the list."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from engine.ir.types import Field
from engine.runtime.border import readers_of
from engine.runtime.drivers import drive, replay
from engine.runtime.needs import (
    NEEDS,
    STATUSES,
    Choose,
    CountUses,
    Got,
    Need,
    Predict,
    ReadFeatures,
    Recall,
    accept_answer,
    fallback_of,
)
from engine.runtime.ports import Ports
from engine.runtime.record import Log

SCORE = readers_of((Field("score", "number"),))
VISITS = readers_of((Field("visits", "integer"),))
NEEDED: list[tuple[Need, Any]] = [
    (ReadFeatures("activity", "customer_id", "c-1", (("visits", 1),), 20, VISITS), {"visits": 5}),
    (Predict("churn", "7", (("orders", 3),), ("score",), (("score", 0.5),), 50, SCORE), {"score": 0.9}),
    (
        Choose("hero", "customer_id", "c-1", ("a", "b"), (), "d-1", "a"),
        {"arm": "b", "probability": 0.25, "distribution": {"a": 0.75, "b": 0.25}},
    ),
    (Recall("banner", "customer_id", "c-1"), {"arm": "a", "phase": 1}),
    (CountUses("hero", "c-1", 1_000), 3),
]
EACH = pytest.mark.parametrize("need, value", NEEDED, ids=[need.kind for need, _ in NEEDED])


class Answering:
    """A port that gives every need the same answer."""

    blocks = False

    def __init__(self, got: Any) -> None:
        self.got = got

    def answer(self, needs: Any, _deadline: float) -> list[Any]:
        return [self.got for _ in needs]


def taken(need: Need) -> Any:
    """Steps that ask for one need and give the answer as a decision uses it, with the tape."""
    log = Log("d-1", "2026-03-01T00:00:00.000Z", None, {})
    log.store_answers((need,), (yield (need,)))
    return log.take("node", need), log.tape


def test_every_kind_is_on_the_list_under_a_name_of_its_own() -> None:
    assert {type(need) for need, _ in NEEDED} == set(NEEDS)
    assert len({need.kind for need in NEEDS}) == len(NEEDS)


@EACH
def test_a_good_answer_is_taken_as_it_is(need: Need, value: Any) -> None:
    assert accept_answer(need, Got(value, "ok", "v1")) == Got(value, "ok", "v1")


@EACH
def test_the_fallback_is_itself_an_answer_in_every_status(need: Need, value: Any) -> None:
    for status in STATUSES:
        assert accept_answer(need, fallback_of(need, status)) == fallback_of(need, status)
    assert fallback_of(need).value != value


@EACH
@pytest.mark.parametrize("nonsense", [object(), float("nan"), "text", {1: 2}, {"no such member": 1}, [[]], -1])
def test_nonsense_makes_way_for_the_fallback(need: Need, value: Any, nonsense: Any) -> None:
    assert accept_answer(need, Got(nonsense, "ok", "v1")) == fallback_of(need, "error")
    assert accept_answer(need, nonsense) == fallback_of(need, "error")
    assert accept_answer(need, Got(value, "fine", "v1")) == fallback_of(need, "error")  # type: ignore[arg-type] # the point
    assert accept_answer(need, Got(value, "ok", 7)) == fallback_of(need, "error")  # type: ignore[arg-type] # the point


@EACH
def test_equal_needs_are_one_question_and_none_changes(need: Need, value: Any) -> None:
    same = replace(need)  # type: ignore[type-var] # every kind is a dataclass
    assert (same, hash(same)) == (need, hash(need))
    assert drive(taken(need), Ports({type(need): Answering(Got(value))}))[0].value == value
    with pytest.raises(FrozenInstanceError):
        need.timeout = 1  # type: ignore[misc] # the point


@EACH
def test_the_tape_gives_the_answer_again(need: Need, value: Any) -> None:
    ports = Ports({type(need): Answering(Got(value, "ok", "v1"))})
    got, tape = drive(taken(need), ports)
    assert [(entry["kind"], entry["name"]) for entry in tape] == [(need.kind, need.name)]
    assert replay(taken(need), tape) == (got, tape)
