"""Experiments from YAML: phases and the control arm."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.ir.graph import PPM
from tests.unit.compiler.graph_texts import loaded


def test_phases_take_from_the_experiment_what_they_do_not_say(tmp_path: Path) -> None:
    text = """
apiVersion: v1
kind: Experiment
name: test_a
unit: customer_id
salt: s
arms: {b: {weight: 20%}, a: {weight: 80%}}
coverage: 50%
holdout: 5%
layer: homepage
slots: [[0, 10]]
ends: 2026-12-01T00:00:00Z
sticky: true
phases:
  - {starts: 2026-03-01T00:00:00Z, weights: {a: 100%}}
  - {starts: 2026-04-01T00:00:00Z, coverage: 100%, salt: t, ends: 2026-12-01T00:00:00Z}
"""
    test = loaded(tmp_path, text).program.experiments["test_a"]
    assert (test.control, test.sticky, test.slots, test.holdout) == ("a", True, ((0, 10),), 50_000)
    assert test.layer is not None
    assert (test.layer.name, test.layer.salt) == ("homepage", "homepage")
    weights = [{arm.name: arm.weight for arm in phase.arms} for phase in test.phases]
    assert weights == [{"a": 800_000, "b": 200_000}, {"a": PPM, "b": 0}, {"a": 800_000, "b": 200_000}]
    assert [(phase.number, phase.coverage, phase.salt) for phase in test.phases] == [
        (1, 500_000, "s"),
        (2, 500_000, "s"),
        (3, PPM, "t"),
    ]
    assert [(phase.starts or "")[:10] for phase in test.phases] == ["", "2026-03-01", "2026-04-01"]
    assert [(phase.ends or "")[:10] for phase in test.phases] == ["2026-12-01"] * 3


@pytest.mark.parametrize(
    "arms", ["zebra: {weight: 50%}, apple: {weight: 50%}", "apple: {weight: 50%}, zebra: {weight: 50%}"]
)
def test_the_control_arm_does_not_hang_on_the_order_of_keys(arms: str, tmp_path: Path) -> None:
    text = f"apiVersion: v1\nkind: Experiment\nname: mine\nunit: customer_id\narms: {{{arms}}}\n"
    assert loaded(tmp_path, text).program.experiments["mine"].control == "apple"
