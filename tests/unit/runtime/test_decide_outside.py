"""Decisions with an outside: experiments, features, models, bandits, caps; what is asked when, written, replayed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.experiments import NativeAssigner
from engine.ir.expression import (
    FLOAT,
    INTEGER,
    STRING,
    ArrayOf,
    Compare,
    Conditional,
    Expression,
    Name,
    Value,
)
from engine.ir.graph import SetItem
from engine.nodes.bandit.node import BanditArm
from engine.nodes.cap.node import CapNode
from engine.nodes.experiment.node import ExperimentNode
from engine.nodes.model.node import ModelNode
from engine.nodes.set.node import SetNode
from engine.nodes.switch.node import SwitchCase, SwitchNode
from engine.runtime.decide import Decider, Request
from engine.runtime.drivers import TapeError
from engine.runtime.needs import CountUses, Got, ReadFeatures, Recall
from engine.runtime.writes import Exposure, PendingReward
from tests.unit.runtime.decide_cases import (
    CHOICE,
    KEY,
    LISTED,
    MANY,
    NOW,
    PICK,
    PROFILE,
    READ,
    SCORE,
    SPEND,
    STICKY,
    TEST,
    Outside,
    decider,
    later,
    output,
    program,
    text,
)


def test_an_experiment_is_assigned_and_its_exposure_is_to_be_written() -> None:
    node = ExperimentNode("test", "banner", KEY, (("control", "end"), ("treatment", "new")), "end", "arm")
    made = decider(node, output("new"), output())
    arm = NativeAssigner({"banner": TEST}).assign("banner", "c-1", NOW).arm
    decision = made.decide("main", PROFILE, now=NOW)
    assert decision.experiments == [{"experiment": "banner", "arm": arm, "reason": "assigned", "phase": 1}]
    exposure = {"write": "exposure", "experiment": "banner", "unit_type": "id", "unit": "c-1", "arm": arm, "phase": 1}
    assert decision.as_json()["writes"] == [exposure]
    assert decision.writes == (Exposure(decision.decision_id, NOW, "banner", "id", "c-1", str(arm), 1),)


def test_a_forced_arm_is_taken_and_not_exposed() -> None:
    node = ExperimentNode("test", "banner", KEY, (("control", "end"), ("treatment", "new")), "end")
    made = decider(node, output("new"), output())
    for arm in ("control", "treatment"):
        decision = made.decide("main", PROFILE, now=NOW, forced={"banner": arm})
        assert decision.experiments[0] == {"experiment": "banner", "arm": arm, "reason": "forced", "phase": 0}
        assert decision.writes == ()
    assert made.decide("main", PROFILE, now=NOW, forced={"banner": "gone"}).experiments[0]["reason"] == "assigned"


def test_without_an_assigner_everybody_is_outside() -> None:
    node = ExperimentNode("test", "banner", KEY, (("control", "end"), ("treatment", "new")), "other")
    made = Decider(program(node, output("new"), output("other"), output()))
    decision = made.decide("main", PROFILE, now=NOW)
    assert (decision.output, decision.experiments[0]["reason"]) == ({"label": "other"}, "unavailable")


def test_a_remembered_arm_is_kept_and_a_new_one_is_to_be_remembered() -> None:
    kept = Outside(sticky={"arm": "treatment", "phase": 1})
    made = decider(STICKY, output("new"), output(), outside=kept, sticky=True)
    decision = made.decide("main", PROFILE, now=NOW)
    assert decision.experiments[0]["reason"] == "sticky"
    assert [each.kind for each in decision.writes] == ["exposure"]
    fresh = decider(STICKY, output("new"), output(), outside=Outside(sticky=None), sticky=True)
    assert [each.kind for each in fresh.decide("main", PROFILE, now=NOW).writes] == ["exposure", "sticky"]


def test_what_the_request_determines_is_read_before_the_first_node_together() -> None:
    outside = Outside(features={"visits": 5}, sticky=None, cap=0, bandit=None)
    nodes = (
        replace(STICKY, arms=(("control", "read"), ("treatment", "read")), otherwise="read"),
        replace(READ, then="cap"),
        CapNode("cap", text("hero"), KEY, 3, 1_000, "end", "end"),
        output(),
    )
    made = decider(*nodes, outside=outside, sticky=True)
    steps = made.steps(Request("main", PROFILE, now=NOW))
    needs = next(steps)
    assert {type(need) for need in needs} == {Recall, ReadFeatures, CountUses}
    with pytest.raises(StopIteration) as stop:
        steps.send(
            tuple(Got(None if isinstance(need, Recall) else 0 if isinstance(need, CountUses) else {}) for need in needs)
        )
    assert [each["kind"] for each in stop.value.value.tape] == ["sticky", "features", "cap"]


def test_a_key_that_comes_later_costs_another_trip() -> None:
    visits = Name("features", ("activity", "visits"), INTEGER)
    nodes = (
        replace(READ, then="name"),
        SetNode("name", (SetItem("key", text("k")),), "split"),
        SwitchNode("split", (SwitchCase(Compare(">", visits, Value(2, INTEGER)), "cap"),), "end"),
        CapNode("cap", Name("vars", ("key",), STRING), KEY, 3, 1_000, "end", "end"),
        output(),
    )
    outside = Outside(features={"visits": 5}, cap=3)
    decision = decider(*nodes, outside=outside).decide("main", PROFILE, now=NOW)
    assert [[type(need).__name__ for need in call] for call in outside.calls] == [["ReadFeatures"], ["CountUses"]]
    assert decision.path[3] == {"node": "cap", "outcome": "reached"}


def test_features_stand_on_the_tape_with_status_and_version() -> None:
    decision = decider(*later(READ), outside=Outside(features={"visits": 5})).decide("main", PROFILE, now=NOW)
    entry = {
        "node": "read",
        "kind": "features",
        "name": "activity",
        "value": {"visits": 5},
        "status": "ok",
        "version": "v2",
    }
    assert decision.tape == [entry]


@pytest.mark.parametrize("answer", [{"visits": "many"}, {"visits": 1.5}, {"visitors": 1}, {"visits": [1]}])
def test_features_of_another_type_make_way_for_the_defaults(answer: dict[str, Any]) -> None:
    decision = decider(*later(READ), outside=Outside(features=answer)).decide("main", PROFILE, now=NOW)
    assert (decision.tape[0]["status"], decision.tape[0]["value"]) == ("error", {"visits": 1})


@pytest.mark.parametrize("answer", [{}, {"score": "high"}, {"score": 1.0, "more": 2.0}])
def test_a_reply_that_is_not_the_models_makes_way_for_the_fallback(answer: dict[str, Any]) -> None:
    decision = decider(*later(SCORE), outside=Outside(model=answer)).decide("main", PROFILE, now=NOW)
    assert (decision.models[0]["status"], decision.tape[0]["value"]) == ("error", {"score": 0.5})


def test_a_model_takes_lists_and_falls_back_to_lists() -> None:
    tags, labels = Name("profile", ("tags",), MANY), Name("vars", ("m", "labels"), MANY)
    node = ModelNode("score", LISTED, (SetItem("tags", tags, "profile.tags"),), "m", "end")
    same = Compare("==", labels, ArrayOf((text("a"), text("b")), MANY))
    nodes = (node, output(label=Conditional(same, text("same"), text("other"), STRING)))
    outside = Outside(model={"labels": ["c"]})
    asked = decider(*nodes, outside=outside).decide("main", {**PROFILE, "tags": ["x", "y"]}, now=NOW)
    assert outside.calls[0][0].inputs == (("tags", ("x", "y")),)  # type: ignore[attr-defined] # a Predict
    assert (asked.output, asked.models[0]["status"]) == ({"label": "other"}, "ok")
    alone = decider(*nodes).decide("main", {**PROFILE, "tags": ["x"]}, now=NOW)
    assert (alone.output, alone.tape[0]["value"], alone.tape[0]["status"]) == (
        {"label": "same"},
        {"labels": ["a", "b"]},
        "unavailable",
    )


def test_a_bandits_pick_carries_its_probability_and_the_whole_distribution() -> None:
    decision = decider(*later(PICK), outside=Outside(bandit=CHOICE)).decide("main", PROFILE, now=NOW)
    assert decision.bandits == [{"bandit": "hero", **CHOICE, "status": "ok", "version": "v2"}]
    assert decision.writes == (PendingReward(decision.decision_id, NOW, "hero", "id", "c-1", "b", 0.25, "v2"),)
    about = {"bandit": "hero", "unit_type": "id", "unit": "c-1", "arm": "b", "probability": 0.25, "version": "v2"}
    assert decision.as_json()["writes"] == [{"write": "pending_reward", **about}]


def test_without_a_chooser_the_fallback_arm_is_picked_for_sure() -> None:
    bandit = decider(*later(PICK)).decide("main", PROFILE, now=NOW).bandits[0]
    assert (bandit["arm"], bandit["probability"], bandit["status"]) == ("a", 1.0, "unavailable")


def test_a_bandit_with_otherwise_goes_there_when_nobody_can_choose() -> None:
    made = decider(replace(PICK, otherwise="other"), output("other"), output())
    decision = made.decide("main", PROFILE, now=NOW)
    assert (decision.output, decision.bandits[0]["arm"]) == ({"label": "other"}, None)


def test_arms_that_are_not_eligible_are_not_offered() -> None:
    rich = BanditArm("b", Compare(">", SPEND, Value(100.0, FLOAT)))
    outside = Outside(bandit=CHOICE)
    made = decider(*later(replace(PICK, choices=(BanditArm("a"), rich))), outside=outside)
    made.decide("main", PROFILE, now=NOW)
    made.decide("main", {**PROFILE, "spend": 200.0}, now=NOW)
    assert [call[0].arms for call in outside.calls] == [("a",), ("a", "b")]  # type: ignore[attr-defined] # Chooses


def only_over(spend: float) -> Expression:
    return Compare(">", SPEND, Value(spend, FLOAT))


@pytest.mark.parametrize("spend, arm", [(20.0, "b"), (200.0, "a")])
def test_a_fallback_that_may_not_be_picked_makes_way_for_an_arm_that_may(spend: float, arm: str) -> None:
    node = replace(PICK, choices=(BanditArm("a", only_over(100.0)), BanditArm("b")))
    decision = decider(*later(node)).decide("main", {**PROFILE, "spend": spend}, now=NOW)
    assert (decision.bandits[0]["arm"], decision.path[0]["outcome"]) == (arm, arm)


def test_no_arm_is_picked_where_none_may_be() -> None:
    choices = (BanditArm("a", only_over(100.0)), BanditArm("b", only_over(50.0)))
    decision = decider(*later(replace(PICK, choices=choices)), outside=Outside(bandit=CHOICE)).decide("main", PROFILE)
    assert decision.bandits[0] == {"bandit": "hero", "arm": None, "status": "fallback"}
    assert (decision.path[0]["outcome"], decision.output) == ("fallback", {"label": "end"})


def test_a_cap_counts_one_more_while_it_is_not_reached() -> None:
    cap = CapNode("cap", text("hero"), KEY, 3, 86_400_000, "shown", "end")
    below = decider(cap, output("shown"), output(), outside=Outside(cap=2)).decide("main", PROFILE, now=NOW)
    assert below.output == {"label": "shown"}
    assert below.as_json()["writes"] == [{"write": "cap", "key": "hero", "unit": "c-1", "within": 86_400_000}]
    reached = decider(cap, output("shown"), output(), outside=Outside(cap=3)).decide("main", PROFILE, now=NOW)
    assert reached.output == {"label": "end"}
    assert "writes" not in reached.as_json()


@pytest.mark.parametrize("key, found", [("hero", "end"), ("other", "twice")])
def test_a_cap_counts_what_the_same_decision_used(key: str, found: str) -> None:
    first = CapNode("first", text("hero"), KEY, 3, 1_000, "second", "end")
    second = CapNode("second", text(key), KEY, 3, 1_000, "twice", "end")
    made = decider(first, second, output("twice"), output(), outside=Outside(cap=2))
    decision = made.decide("main", PROFILE, now=NOW, decision_id="d-1")
    assert decision.output == {"label": found}
    assert made.replay(Request("main", PROFILE, now=NOW, decision_id="d-1"), decision.tape) == decision


def test_a_replay_of_anothers_tape_is_refused() -> None:
    made = decider(*later(READ), outside=Outside(features={"visits": 5}))
    request = Request("main", PROFILE, now=NOW, decision_id="d-1")
    decision = made.decide("main", PROFILE, now=NOW, decision_id="d-1")
    assert made.replay(request, decision.tape) == decision
    with pytest.raises(TapeError):
        made.replay(request, [])
    with pytest.raises(TapeError):
        made.replay(request, [*decision.tape, *decision.tape])
