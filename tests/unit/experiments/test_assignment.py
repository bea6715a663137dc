"""Assignment: the published arms, shares, independence, and who moves when weights change."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.experiments import Assignment, NativeAssigner, assign, explain
from engine.experiments.assignment import Assigner
from engine.ir.graph import Arm, Experiment, Layer, Phase

FILE = Path(__file__).parents[2] / "golden" / "vectors" / "assignment.json"
ASSIGNMENTS: list[dict[str, Any]] = json.loads(FILE.read_text("utf-8"))["assignments"]
NOW = "2026-03-01T00:00:00.000Z"
UNITS = [f"customer-{number}" for number in range(20_000)]


def experiment(weights: dict[str, int] | None = None, **more: Any) -> Experiment:
    arms = tuple(Arm(name, weight) for name, weight in (weights or {"control": 500_000, "treatment": 500_000}).items())
    phase = Phase(1, arms, more.pop("coverage", 1_000_000), more.pop("salt", "hero"))
    return Experiment("hero", "customer_id", "control", more.pop("phases", (phase,)), **more)


def dealt(test: Experiment, now: str = NOW) -> dict[str, Assignment]:
    assigner = Assigner(test)
    return {unit: assigner.assign(unit, now) for unit in UNITS}


def chi_square(counts: Counter[Any], expected: dict[Any, float]) -> float:
    return sum((counts[key] - share) ** 2 / share for key, share in expected.items())


@pytest.mark.parametrize("vector", ASSIGNMENTS, ids=lambda each: each["unit"])
def test_arm_is_that_of_the_published_vector(vector: dict[str, Any]) -> None:
    arms = tuple(Arm(name, weight) for name, weight in vector["weights"].items())
    test = Experiment("x", vector["unit_type"], "control", (Phase(1, arms, salt=vector["salt"]),))
    assert assign(test, vector["unit"], NOW) == (vector["arm"], "assigned", 1)


def test_arms_get_the_shares_of_their_weights() -> None:
    weights = {"a": 500_000, "b": 300_000, "c": 150_000, "d": 50_000}
    counts = Counter(each.arm for each in dealt(experiment(weights)).values())
    expected = {name: weight / 1e6 * len(UNITS) for name, weight in weights.items()}
    assert chi_square(counts, expected) < 16.27  # 3 degrees of freedom, p = 0.001


@pytest.mark.parametrize("salts", [("hero", "hero2"), ("a", "b"), ("exp1", "exp12"), ("x", "x ")])
def test_experiments_with_different_salts_are_independent(salts: tuple[str, str]) -> None:
    first, second = (dealt(experiment(salt=salt)) for salt in salts)
    counts = Counter((first[unit].arm, second[unit].arm) for unit in UNITS)
    quarter = len(UNITS) / 4
    expected = {(a, b): quarter for a in ("control", "treatment") for b in ("control", "treatment")}
    assert chi_square(counts, expected) < 16.27


def test_coverage_is_independent_of_the_arm() -> None:
    covered = dealt(experiment(coverage=300_000))
    inside = [each.arm for each in covered.values() if each.arm]
    assert abs(len(inside) / len(UNITS) - 0.3) < 0.015
    assert abs(inside.count("control") / len(inside) - 0.5) < 0.03
    assert all(each.reason == "not_in_coverage" for each in covered.values() if each.arm is None)


def test_a_rising_coverage_takes_nobody_out_and_moves_nobody() -> None:
    narrow, wide = dealt(experiment(coverage=100_000)), dealt(experiment(coverage=400_000))
    assert all(wide[unit] == each for unit, each in narrow.items() if each.arm)


def test_a_change_of_weights_moves_only_towards_the_growing_arm() -> None:
    before = dealt(experiment({"a": 400_000, "b": 400_000, "c": 200_000}))
    after = dealt(experiment({"a": 550_000, "b": 300_000, "c": 150_000}))
    moved = [(before[unit].arm, after[unit].arm) for unit in UNITS if before[unit] != after[unit]]
    assert {target for _, target in moved} == {"a"}
    assert abs(len(moved) / len(UNITS) - 0.15) < 0.02


def test_order_of_arms_means_nothing() -> None:
    test = experiment({"a": 300_000, "b": 300_000, "c": 400_000})
    turned = replace(test, phases=(replace(test.phases[0], arms=test.phases[0].arms[::-1]),))
    assert dealt(test) == dealt(turned)


def test_an_arm_without_weight_gets_nobody() -> None:
    assert {each.arm for each in dealt(experiment({"a": 1_000_000, "b": 0})).values()} == {"a"}


def test_experiments_of_a_layer_share_nobody() -> None:
    layer = Layer("home", "home")
    first = dealt(experiment(layer=layer, slots=((0, 400_000),), salt="one"))
    second = dealt(experiment(layer=layer, slots=((400_000, 700_000), (900_000, 1_000_000)), salt="two"))
    assert not [unit for unit in UNITS if first[unit].arm and second[unit].arm]
    assert abs(sum(each.arm is not None for each in second.values()) / len(UNITS) - 0.4) < 0.02
    assert {each.reason for each in first.values()} == {"assigned", "not_in_layer"}


def test_a_layers_holdout_is_out_of_all_its_experiments() -> None:
    layer = Layer("home", "home", holdout=100_000)
    first = dealt(experiment(layer=layer, slots=((0, 500_000),), salt="one"))
    second = dealt(experiment(layer=layer, slots=((500_000, 1_000_000),), salt="two"))
    held = {unit for unit in UNITS if first[unit].reason == "holdout"}
    assert held == {unit for unit in UNITS if second[unit].reason == "holdout"}
    assert abs(len(held) / len(UNITS) - 0.1) < 0.01


def test_holdout_comes_before_a_remembered_arm() -> None:
    test = experiment(holdout=500_000, holdout_salt="hero", sticky=True)
    held = next(unit for unit, each in dealt(test).items() if each.reason == "holdout")
    assert assign(test, held, NOW, {"arm": "treatment", "phase": 1}) == (None, "holdout", 1)


@pytest.mark.parametrize(
    "remembered, reason",
    [
        ({"arm": "treatment", "phase": 1}, "sticky"),
        ({"arm": "treatment", "phase": 0}, "sticky"),
        ({"arm": "gone", "phase": 1}, "assigned"),
        ({"arm": "treatment", "phase": 9}, "assigned"),
        (None, "assigned"),
    ],
)
def test_a_remembered_arm_counts_while_it_exists(remembered: Any, reason: str) -> None:
    test = experiment({"control": 900_000, "treatment": 100_000}, sticky=True)
    assert assign(test, "customer-5", NOW, remembered).reason == reason


def test_a_new_salt_forgets_remembered_arms() -> None:
    arms = (Arm("control", 500_000), Arm("treatment", 500_000))
    phases = (Phase(1, arms, salt="one"), Phase(2, arms, salt="two", starts="2026-02-01T00:00:00.000Z"))
    found = assign(experiment(phases=phases, sticky=True), "customer-5", NOW, {"arm": "control", "phase": 1})
    assert (found.reason, found.phase) == ("assigned", 2)


def test_phases_run_from_their_start_to_their_end() -> None:
    arms = (Arm("control", 500_000), Arm("treatment", 500_000))
    phases = (
        Phase(1, arms, salt="s", starts="2026-01-01T00:00:00.000Z", ends="2026-01-10T00:00:00.000Z"),
        Phase(2, arms, salt="s", starts="2026-01-20T00:00:00.000Z"),
    )
    test = experiment(phases=phases)
    times = {"2025-12-31": 0, "2026-01-01": 1, "2026-01-09": 1, "2026-01-10": 0, "2026-01-19": 0, "2026-01-20": 2}
    found = {day: assign(test, "customer-1", f"{day}T00:00:00.000Z") for day in times}
    assert {day: each.phase for day, each in found.items()} == times
    assert found["2026-01-10"].reason == "not_running"


def test_a_missing_unit_is_told() -> None:
    assert assign(experiment(), None, NOW) == (None, "no_unit", 1)


def test_explanation_has_the_numbers_that_decide() -> None:
    test = experiment(coverage=900_000, layer=Layer("home", "home", 10_000), slots=((0, 1_000_000),))
    unit = next(unit for unit, each in dealt(test).items() if each.arm)
    told = explain(test, unit, NOW)
    best = min(told["arms"], key=lambda arm: told["arms"][arm]["score"])
    assert best == assign(test, unit, NOW).arm
    assert told["coverage"] < 900_000
    assert 0 <= told["slot"] < 1_000_000
    assert told["holdout"][0] >= 10_000


def test_an_assigner_serves_experiments_by_name() -> None:
    assigner = NativeAssigner({"hero": experiment()})
    assert assigner.assign("hero", "customer-1", NOW) == assign(experiment(), "customer-1", NOW)
    assert assigner.explain("hero", "customer-1", NOW) == explain(experiment(), "customer-1", NOW)
