from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from engine.bundle.plan.change import Change
from engine.bundle.plan.experiments import experiment_changes
from engine.experiments.assignment import Assigner
from engine.ir.graph import PPM, Arm, Experiment, Layer, Phase

NOW = "2026-03-01T00:00:00.000Z"
LATER = "2026-05-01T00:00:00.000Z"
HALVES = (Arm("control", PPM // 2), Arm("gift", PPM // 2))
TEST = Experiment("hero", "customer_id", "control", (Phase(1, HALVES, salt="hero"),))


def deal(experiment: Experiment, units: Sequence[str], now: str) -> list[str | None]:
    assigner = Assigner(experiment)
    return [assigner.assign(unit, now).arm for unit in units]


def phase(**changes: object) -> Experiment:
    return replace(TEST, phases=(replace(TEST.phases[0], **changes),))  # type: ignore[arg-type] # given by name


def change(before: Experiment, after: Experiment) -> Change:
    (found,) = experiment_changes({before.name: before}, {after.name: after}, NOW, deal)
    return found


def test_equal_experiments_are_no_change_and_the_order_of_arms_means_nothing() -> None:
    turned = phase(arms=HALVES[::-1])
    assert not list(experiment_changes({"hero": TEST}, {"hero": turned}, NOW, deal))


def test_another_salt_deals_half_of_two_halves_out_again_and_is_warned_of() -> None:
    found = change(TEST, phase(salt="second"))
    assert [detail.text for detail in found.details] == ["salt: hero → second"]
    assert found.moved == pytest.approx(0.5, abs=0.03)
    assert any("salt changes" in warning for warning in found.warnings)


def test_other_weights_move_only_the_units_that_they_must() -> None:
    found = change(TEST, phase(arms=(Arm("control", 600_000), Arm("gift", 400_000))))
    assert [detail.text for detail in found.details] == ["weights: control 50 %, gift 50 % → control 60 %, gift 40 %"]
    assert found.moved == pytest.approx(0.1, abs=0.02)
    assert any("mix" in warning for warning in found.warnings)


def test_more_coverage_moves_only_those_who_come_in() -> None:
    found = change(phase(coverage=200_000), phase(coverage=300_000))
    assert found.moved == pytest.approx(0.1, abs=0.02)


def test_a_new_phase_is_the_way_to_change_weights_without_a_warning() -> None:
    second = replace(TEST.phases[0], number=2, arms=(Arm("control", 100_000), Arm("gift", 900_000)), starts=NOW)
    found = change(TEST, replace(TEST, phases=(TEST.phases[0], second)))
    assert found.moved == pytest.approx(0.4, abs=0.03)
    assert not found.warnings


def test_what_does_not_run_is_measured_once_it_does_and_never_warned_of() -> None:
    before, after = phase(starts=LATER), phase(starts=LATER, salt="second")
    found = change(before, after)
    assert found.moved == pytest.approx(0.5, abs=0.03)
    assert not found.warnings
    over = change(phase(ends="2026-01-01T00:00:00.000Z"), phase(ends="2026-01-02T00:00:00.000Z"))
    assert over.moved is None


def test_another_unit_or_a_lost_arm_of_a_running_test_is_warned_of() -> None:
    assert any("unit changes" in warning for warning in change(TEST, replace(TEST, unit="device_id")).warnings)
    three = phase(arms=(Arm("control", 500_000), Arm("gift", 250_000), Arm("call", 250_000)))
    assert any("call is gone" in warning for warning in change(three, TEST).warnings)


def test_the_end_of_a_running_test_is_warned_of() -> None:
    assert any("stops" in warning for warning in change(TEST, phase(ends=NOW)).warnings)
    (gone,) = experiment_changes({"hero": TEST}, {}, NOW, deal)
    assert (gone.action, bool(gone.warnings)) == ("removed", True)


def test_a_renamed_experiment_says_that_its_salt_went_with_its_name() -> None:
    after = replace(phase(salt="hero_two"), name="hero_two")
    found = change(TEST, after)
    assert (found.action, found.was) == ("renamed", "hero")
    assert found.moved == pytest.approx(0.5, abs=0.03)
    assert any("salt changes" in warning for warning in found.warnings)


def test_layers_slots_and_holdouts_are_told() -> None:
    layer = Layer("home", "home", 50_000)
    found = change(
        TEST, replace(TEST, layer=layer, slots=((0, 250_000),), holdout=10_000, holdout_salt="h", sticky=True)
    )
    told = [detail.text for detail in found.details]
    assert "layer: none → home" in told
    assert "slots: 0–250,000" in told
    assert "layer holdout: 5 %" in told
    assert "holdout: 0 % → 1 %" in told
    assert "sticky: no → yes" in told
    assert found.moved == pytest.approx(1 - 0.25 * 0.95 * 0.99, abs=0.03)


def test_a_new_experiment_says_who_gets_what() -> None:
    (found,) = experiment_changes({}, {"hero": TEST}, NOW, deal)
    assert [detail.text for detail in found.details] == [
        "unit: customer_id",
        "control: control",
        "weights: control 50 %, gift 50 %",
        "coverage: 100 %",
    ]
