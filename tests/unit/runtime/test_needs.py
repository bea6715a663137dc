"""Choices of bandits and remembered arms: what is taken for one."""

from __future__ import annotations

from typing import Any

import pytest

from engine.runtime.needs import Choose, Got, Recall, accept_answer, fallback_of

CHOOSE = Choose("hero", "customer_id", "c-1", ("blue", "green"), (), "d-1", "blue")
HALVES = {"blue": 0.5, "green": 0.5}


def choice(arm: Any = "green", probability: Any = 0.5, distribution: Any = None) -> dict[str, Any]:
    return {"arm": arm, "probability": probability, "distribution": HALVES if distribution is None else distribution}


def test_a_choice_with_its_distribution_is_taken() -> None:
    assert accept_answer(CHOOSE, Got(choice(), "ok", "3")) == Got(choice(), "ok", "3")


@pytest.mark.parametrize(
    "value",
    [
        choice("red"),
        choice(probability=0.4),
        choice(probability=1),
        choice(distribution={"green": 0.5}),
        choice(distribution={"green": 0.5, "blue": 0.6}),
        choice(distribution={"green": 0.5, "blue": 0.5, "red": 0.0}),
        choice(distribution={"green": 1.5, "blue": -0.5}, probability=1.5),
        choice("blue", 0.0, {"green": 1.0, "blue": 0.0}),
        "green",
        None,
    ],
)
def test_a_choice_that_does_not_add_up_makes_way_for_the_fallback(value: Any) -> None:
    assert accept_answer(CHOOSE, Got(value)) == Got(
        {"arm": "blue", "probability": 1.0, "distribution": {"blue": 1.0, "green": 0.0}}, "error"
    )


def test_a_bandit_may_have_no_fallback() -> None:
    need = Choose("hero", "customer_id", "c-1", ("blue",), (), "d-1", None)
    assert fallback_of(need) == Got(None, "unavailable")
    assert accept_answer(need, Got(None, "fallback")) == Got(None, "fallback")


@pytest.mark.parametrize(
    "value, status", [(None, "ok"), ({"arm": "a", "phase": 1}, "ok"), ({"arm": "a"}, "error"), ("a", "error")]
)
def test_a_remembered_arm_has_its_phase(value: Any, status: str) -> None:
    need = Recall("hero", "customer_id", "c-1")
    assert accept_answer(need, Got(value)).status == status
