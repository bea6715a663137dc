"""Decisions: what a record holds, where segments come from, what is asked when, what is written, what is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.experiments import NativeAssigner
from engine.ir.cells import AnyValue, Range
from engine.ir.codec import DecodeError
from engine.ir.expression import (
    FLOAT,
    INTEGER,
    STRING,
    ArrayOf,
    Compare,
    Conditional,
    Expression,
    InSegment,
    Name,
    Value,
    ValueType,
)
from engine.ir.graph import (
    Arm,
    BanditArm,
    BanditNode,
    CapNode,
    Experiment,
    ExperimentNode,
    FeatureRead,
    FeaturesNode,
    FeatureView,
    GraphNode,
    Model,
    ModelNode,
    OutputNode,
    Phase,
    Ruleset,
    RulesetNode,
    SetItem,
    SetNode,
    SwitchCase,
    SwitchNode,
    TableInput,
    TableNode,
    TableRow,
)
from engine.ir.program import Program
from engine.ir.types import Catalogue, Field
from engine.runtime.clock import system_now
from engine.runtime.decide import AT_ONCE, Decider, InputRefusedError, Request
from engine.runtime.drivers import TapeError
from engine.runtime.needs import CountUses, Got, Need, ReadFeatures, Recall
from engine.runtime.ports import Ports
from engine.runtime.trace import values_of

CATALOGUE = Catalogue(
    "customer",
    "id",
    (Field("spend", "number"), Field("email", "keyword", personal=True), Field("tags", "keyword", many=True)),
)
ROOT = Path(__file__).parents[3]
NOW = "2026-03-01T00:00:00.000Z"
KEY = Name("profile", ("id",), STRING)
SPEND = Name("profile", ("spend",), FLOAT)
ARMS = (Arm("control", 500_000), Arm("treatment", 500_000))
TEST = Experiment("banner", "id", "control", (Phase(1, ARMS, salt="banner"),))
VIEW = FeatureView("activity", "id", (Field("visits", "integer"),), (("visits", 1),))
MODEL = Model("churn", "7", (Field("spend", "number"),), (Field("score", "number"),), (("score", 0.5),))
PROFILE = {"id": "c-1", "spend": 20.0}


def text(value: str) -> Expression:
    return Value(value, STRING)


def output(name: str = "end", **items: Expression) -> OutputNode:
    return OutputNode(name, tuple(SetItem(key, value, key) for key, value in (items or {"label": text(name)}).items()))


def program(*nodes: GraphNode, sticky: bool = False, **more: Ruleset) -> Program:
    fields = tuple(Field(name, "keyword") for name in ("label", "other"))
    main = Ruleset("main", (Field("channel", "keyword", values=("web", "app")),), fields, nodes)
    tests = {"banner": replace(TEST, sticky=sticky)}
    return Program("w", "UTC", CATALOGUE, experiments=tests, rulesets={"main": main, **more})


class Outside:
    """Answers everything with set values and remembers what was asked, call by call."""

    def __init__(self, **values: Any) -> None:
        self.values = values
        self.calls: list[list[Need]] = []

    def _answer(self, what: str, needs: Sequence[Need]) -> list[Got]:
        self.calls.append(list(needs))
        return [Got(self.values[what], "ok", "v2") for _ in needs]

    def read(self, needs: Sequence[Any], _deadline: float) -> list[Got]:
        return self._answer("features", needs)

    def predict(self, needs: Sequence[Any], _deadline: float) -> list[Got]:
        return self._answer("model", needs)

    def choose(self, needs: Sequence[Any], _deadline: float) -> list[Got]:
        return self._answer("bandit", needs)

    def recall(self, needs: Sequence[Any], _deadline: float) -> list[Got]:
        return self._answer("sticky", needs)

    def count(self, needs: Sequence[Any], _deadline: float) -> list[Got]:
        return self._answer("cap", needs)

    def ports(self) -> Ports:
        return Ports(self, self, self, self, self)


class Members:
    """A matcher that counts how it is asked."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.asked: list[str] = []

    def holds(self, segment: str, _profile: Mapping[str, Any], _now: str) -> bool:
        self.asked.append(segment)
        return segment in self.names

    def match(self, _profile: Mapping[str, Any], _now: str) -> Collection[str]:
        self.asked.append("*")
        return self.names


def decider(*nodes: GraphNode, outside: Outside | None = None, sticky: bool = False, **more: Any) -> Decider:
    made = program(*nodes, sticky=sticky)
    ports = None if outside is None else outside.ports()
    return Decider(made, bundle="sha256:b", assigner=NativeAssigner(made.experiments), ports=ports, **more)


def split(*segments: str) -> SwitchNode:
    cases = tuple(SwitchCase(InSegment(name), name, f"in_segment('{name}')") for name in segments)
    return SwitchNode("split", cases, "end")


def test_a_record_has_every_part_in_its_place() -> None:
    made = decider(split("vip"), output("vip"), output(), matcher=Members("vip"))
    assert made.decide("main", PROFILE, now=NOW, decision_id="d-1") == {
        "decision_id": "d-1",
        "id": "c-1",
        "ruleset": "main",
        "output": {"label": "vip"},
        "path": [{"node": "split", "outcome": "vip"}, {"node": "vip", "outcome": "output"}],
        "segments": {"vip": True},
        "experiments": [],
        "bandits": [],
        "models": [],
        "bundle": "sha256:b",
        "membership": "matched",
    }


def test_segments_are_asked_for_one_by_one_and_only_as_far_as_needed() -> None:
    members = Members("b")
    made = decider(split("a", "b", "c"), *(output(name) for name in "abc"), output(), matcher=members)
    assert made.decide("main", PROFILE, now=NOW)["segments"] == {"a": False, "b": True}
    assert members.asked == ["a", "b"]


def test_many_segments_are_matched_at_once() -> None:
    names = [f"s{number}" for number in range(AT_ONCE)]
    members = Members("s5")
    made = decider(split(*names), *(output(name) for name in names), output(), matcher=members)
    assert made.decide("main", PROFILE, now=NOW)["output"] == {"label": "s5"}
    assert members.asked == ["*"]


def test_membership_that_is_handed_in_overrides_matching() -> None:
    members = Members()
    made = decider(split("vip"), output("vip"), output(), matcher=members)
    decision = made.decide("main", PROFILE, now=NOW, membership=["vip"])
    assert (decision["output"], decision["membership"]) == ({"label": "vip"}, "given")
    assert members.asked == []


def test_another_matcher_serves_the_same_functions() -> None:
    made = decider(split("vip"), output("vip"), output(), matcher=Members())
    assert made.matching(Members("vip")).decide("main", PROFILE, now=NOW)["output"] == {"label": "vip"}
    assert made.decide("main", PROFILE, now=NOW)["output"] == {"label": "end"}


def test_without_a_matcher_nobody_is_in_a_segment() -> None:
    made = decider(split("vip"), output("vip"), output())
    assert made.decide("main", PROFILE)["segments"] == {"vip": False}


def test_decisions_get_an_id_and_a_time_of_their_own() -> None:
    made = decider(output())
    ids = {made.decide("main", PROFILE)["decision_id"] for _ in range(200)}
    assert len(ids) == 200
    assert all(len(each) == 32 and int(each, 16) >= 0 for each in ids)
    assert system_now()[-1] == "Z"


FORK = """
import os
from engine.runtime.clock import new_decision_id
new_decision_id()
child = os.fork()
if child:
    os.waitpid(child, 0)
print(new_decision_id(), flush=True)
os._exit(0)
"""


def test_a_forked_process_draws_other_ids() -> None:
    done = subprocess.run([sys.executable, "-c", FORK], check=True, capture_output=True, text=True, cwd=ROOT)
    ids = done.stdout.split()
    assert len(ids) == len(set(ids)) == 2


@pytest.mark.parametrize("context", [{"channel": "fax"}, {"channel": 3}, {"chanel": "web"}])
def test_a_context_of_another_shape_is_refused(context: dict[str, Any]) -> None:
    with pytest.raises(InputRefusedError) as refused:
        decider(output()).decide("main", PROFILE, context)
    assert len(refused.value.problems) == 1
    assert "fax" not in str(refused.value)


def test_an_unknown_ruleset_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        decider(output()).decide("other", PROFILE)


def test_an_experiment_is_assigned_and_its_exposure_is_to_be_written() -> None:
    node = ExperimentNode("test", "banner", KEY, (("control", "end"), ("treatment", "new")), "end", "arm")
    made = decider(node, output("new"), output())
    arm = NativeAssigner({"banner": TEST}).assign("banner", "c-1", NOW).arm
    decision = made.decide("main", PROFILE, now=NOW)
    assert decision["experiments"] == [{"experiment": "banner", "arm": arm, "reason": "assigned", "phase": 1}]
    exposure = {"write": "exposure", "experiment": "banner", "unit_type": "id", "unit": "c-1", "arm": arm, "phase": 1}
    assert decision["writes"] == [exposure]


def test_a_forced_arm_is_taken_and_not_exposed() -> None:
    node = ExperimentNode("test", "banner", KEY, (("control", "end"), ("treatment", "new")), "end")
    made = decider(node, output("new"), output())
    for arm in ("control", "treatment"):
        decision = made.decide("main", PROFILE, now=NOW, forced={"banner": arm})
        assert decision["experiments"][0] == {"experiment": "banner", "arm": arm, "reason": "forced", "phase": 0}
        assert "writes" not in decision
    assert made.decide("main", PROFILE, now=NOW, forced={"banner": "gone"})["experiments"][0]["reason"] == "assigned"


def test_without_an_assigner_everybody_is_outside() -> None:
    node = ExperimentNode("test", "banner", KEY, (("control", "end"), ("treatment", "new")), "other")
    made = Decider(program(node, output("new"), output("other"), output()))
    decision = made.decide("main", PROFILE, now=NOW)
    assert (decision["output"], decision["experiments"][0]["reason"]) == ({"label": "other"}, "unavailable")


STICKY = ExperimentNode("test", "banner", KEY, (("control", "end"), ("treatment", "new")), "end")


def test_a_remembered_arm_is_kept_and_a_new_one_is_to_be_remembered() -> None:
    kept = Outside(sticky={"arm": "treatment", "phase": 1})
    made = decider(STICKY, output("new"), output(), outside=kept, sticky=True)
    decision = made.decide("main", PROFILE, now=NOW)
    assert decision["experiments"][0]["reason"] == "sticky"
    assert [each["write"] for each in decision["writes"]] == ["exposure"]
    fresh = decider(STICKY, output("new"), output(), outside=Outside(sticky=None), sticky=True)
    assert [each["write"] for each in fresh.decide("main", PROFILE, now=NOW)["writes"]] == ["exposure", "sticky"]


def later(*nodes: GraphNode) -> tuple[GraphNode, ...]:
    return (*nodes, output())


READ = FeaturesNode("read", (FeatureRead(VIEW, KEY),), "end")


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
    assert [each["kind"] for each in stop.value.value["tape"]] == ["sticky", "features", "cap"]


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
    assert decision["path"][3] == {"node": "cap", "outcome": "reached"}


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
    assert decision["tape"] == [entry]


@pytest.mark.parametrize("answer", [{"visits": "many"}, {"visits": 1.5}, {"visitors": 1}, {"visits": [1]}])
def test_features_of_another_type_make_way_for_the_defaults(answer: dict[str, Any]) -> None:
    decision = decider(*later(READ), outside=Outside(features=answer)).decide("main", PROFILE, now=NOW)
    assert (decision["tape"][0]["status"], decision["tape"][0]["value"]) == ("error", {"visits": 1})


SCORE = ModelNode("score", MODEL, (SetItem("spend", SPEND, "profile.spend"),), "churn", "end")


def test_a_model_is_called_with_its_inputs_and_its_version_recorded() -> None:
    outside = Outside(model={"score": 0.9})
    decision = decider(*later(SCORE), outside=outside).decide("main", PROFILE, now=NOW)
    assert outside.calls[0][0].inputs == (("spend", 20.0),)  # type: ignore[union-attr] # a Predict
    assert decision["models"] == [{"model": "churn", "version": "v2", "status": "ok"}]


def test_a_model_without_all_inputs_is_not_called() -> None:
    outside = Outside(model={"score": 0.9})
    decision = decider(*later(SCORE), outside=outside).decide("main", {"id": "c-1"}, now=NOW)
    assert outside.calls == []
    assert decision["models"] == [{"model": "churn", "version": "7", "status": "fallback"}]
    assert "tape" not in decision


@pytest.mark.parametrize("answer", [{}, {"score": "high"}, {"score": 1.0, "more": 2.0}])
def test_a_reply_that_is_not_the_models_makes_way_for_the_fallback(answer: dict[str, Any]) -> None:
    decision = decider(*later(SCORE), outside=Outside(model=answer)).decide("main", PROFILE, now=NOW)
    assert (decision["models"][0]["status"], decision["tape"][0]["value"]) == ("error", {"score": 0.5})


MANY = ValueType("array", of=STRING)
LISTED = Model(
    "listed",
    "",
    (Field("tags", "keyword", many=True),),
    (Field("labels", "keyword", many=True),),
    (("labels", ("a", "b")),),
)


def test_a_model_takes_lists_and_falls_back_to_lists() -> None:
    tags, labels = Name("profile", ("tags",), MANY), Name("vars", ("m", "labels"), MANY)
    node = ModelNode("score", LISTED, (SetItem("tags", tags, "profile.tags"),), "m", "end")
    same = Compare("==", labels, ArrayOf((text("a"), text("b")), MANY))
    nodes = (node, output(label=Conditional(same, text("same"), text("other"), STRING)))
    outside = Outside(model={"labels": ["c"]})
    asked = decider(*nodes, outside=outside).decide("main", {**PROFILE, "tags": ["x", "y"]}, now=NOW)
    assert outside.calls[0][0].inputs == (("tags", ("x", "y")),)  # type: ignore[union-attr] # a Predict
    assert (asked["output"], asked["models"][0]["status"]) == ({"label": "other"}, "ok")
    alone = decider(*nodes).decide("main", {**PROFILE, "tags": ["x"]}, now=NOW)
    assert (alone["output"], alone["tape"][0]["value"], alone["tape"][0]["status"]) == (
        {"label": "same"},
        {"labels": ["a", "b"]},
        "unavailable",
    )


@pytest.mark.parametrize("answer, status", [(None, "unavailable"), ({"visits": 4}, "ok")])
def test_a_default_that_is_a_list_is_a_list(answer: Any, status: str) -> None:
    view = FeatureView(
        "v", "id", (Field("visits", "integer"), Field("tags", "keyword", many=True)), (("tags", ("a", "b")),)
    )
    tags = Name("features", ("v", "tags"), MANY)
    same = Compare("==", tags, ArrayOf((text("a"), text("b")), MANY))
    nodes = (
        FeaturesNode("read", (FeatureRead(view, KEY),), "end"),
        output(label=Conditional(same, text("same"), text("other"), STRING), other=tags),
    )
    outside = None if answer is None else Outside(features=answer)
    decision = decider(*nodes, outside=outside).decide("main", PROFILE, now=NOW)
    assert (decision["output"], decision["tape"][0]["status"]) == ({"label": "same", "other": ["a", "b"]}, status)


PICK = BanditNode("pick", "hero", "id", KEY, (BanditArm("a"), BanditArm("b")), "a", (), "pick", "end")
CHOICE = {"arm": "b", "probability": 0.25, "distribution": {"a": 0.75, "b": 0.25}}


def test_a_bandits_pick_carries_its_probability_and_the_whole_distribution() -> None:
    decision = decider(*later(PICK), outside=Outside(bandit=CHOICE)).decide("main", PROFILE, now=NOW)
    assert decision["bandits"] == [{"bandit": "hero", **CHOICE, "status": "ok", "version": "v2"}]
    assert decision["writes"][0]["write"] == "pending_reward"
    assert (decision["writes"][0]["arm"], decision["writes"][0]["probability"]) == ("b", 0.25)


def test_without_a_chooser_the_fallback_arm_is_picked_for_sure() -> None:
    bandit = decider(*later(PICK)).decide("main", PROFILE, now=NOW)["bandits"][0]
    assert (bandit["arm"], bandit["probability"], bandit["status"]) == ("a", 1.0, "unavailable")


def test_a_bandit_with_otherwise_goes_there_when_nobody_can_choose() -> None:
    made = decider(replace(PICK, otherwise="other"), output("other"), output())
    decision = made.decide("main", PROFILE, now=NOW)
    assert (decision["output"], decision["bandits"][0]["arm"]) == ({"label": "other"}, None)


def test_arms_that_are_not_eligible_are_not_offered() -> None:
    rich = BanditArm("b", Compare(">", SPEND, Value(100.0, FLOAT)))
    outside = Outside(bandit=CHOICE)
    made = decider(*later(replace(PICK, choices=(BanditArm("a"), rich))), outside=outside)
    made.decide("main", PROFILE, now=NOW)
    made.decide("main", {**PROFILE, "spend": 200.0}, now=NOW)
    assert [call[0].arms for call in outside.calls] == [("a",), ("a", "b")]  # type: ignore[union-attr] # Chooses


def test_a_cap_counts_one_more_while_it_is_not_reached() -> None:
    cap = CapNode("cap", text("hero"), KEY, 3, 86_400_000, "shown", "end")
    below = decider(cap, output("shown"), output(), outside=Outside(cap=2)).decide("main", PROFILE, now=NOW)
    assert below["output"] == {"label": "shown"}
    assert below["writes"] == [{"write": "cap", "key": "hero", "unit": "c-1", "within": 86_400_000}]
    reached = decider(cap, output("shown"), output(), outside=Outside(cap=3)).decide("main", PROFILE, now=NOW)
    assert reached["output"] == {"label": "end"}
    assert "writes" not in reached


def test_a_called_ruleset_has_its_own_context_vars_and_path() -> None:
    inner = Ruleset("inner", (Field("channel", "keyword"),), (), (output(label=Name("context", ("channel",), STRING)),))
    call = RulesetNode("call", "inner", (SetItem("channel", text("app")),), "found", "last")
    last = output("last", label=Name("vars", ("found", "label"), STRING), other=Name("context", ("channel",), STRING))
    made = Decider(program(call, last, inner=inner))
    decision = made.decide("main", PROFILE, {"channel": "web"}, now=NOW, trace=True)
    assert decision["output"] == {"label": "app", "other": "web"}
    assert decision["path"][0] == {"node": "call", "outcome": "inner", "path": [{"node": "end", "outcome": "output"}]}
    assert decision["trace"][0]["trace"][0]["kind"] == "output"


def test_a_trace_tells_values_but_nothing_personal() -> None:
    email = Name("profile", ("email",), STRING)
    nodes = (
        SetNode("name", (SetItem("who", email), SetItem("much", SPEND)), "split"),
        SwitchNode(
            "split", (SwitchCase(Compare("==", Name("vars", ("who",), STRING), text("x")), "end", "w"),), "table"
        ),
        TableNode(
            "table",
            "first",
            (TableInput(SPEND, "profile.spend"), TableInput(email, "profile.email")),
            (Field("label", "keyword"),),
            (TableRow((Range(100.0), AnyValue()), ("much",)), TableRow((AnyValue(), AnyValue()), ("some",))),
        ),
        output(),
    )
    profile = {**PROFILE, "email": "someone@example.org"}
    trace = decider(*nodes).decide("main", profile, now=NOW, trace=True)["trace"]
    assert values_of(trace[0]) == {"vars.who": "[personal]", "vars.much": 20.0}
    assert trace[1] == {
        "node": "split",
        "kind": "switch",
        "outcome": "table",
        "case": 0,
        "vars.who": "[personal]",
    }
    assert trace[2]["row"] == 2
    assert values_of(trace[2]) == {"profile.spend": 20.0, "profile.email": "[personal]"}


def test_a_trace_of_an_experiment_tells_the_numbers() -> None:
    made = decider(replace(STICKY), output("new"), output())
    told = made.decide("main", PROFILE, now=NOW, trace=True)["trace"][0]["explain"]
    assert told == {"unit": "c-1", **NativeAssigner({"banner": TEST}).explain("banner", "c-1", NOW)}


def test_what_is_handed_out_shares_no_list_with_what_came_in() -> None:
    tags = Name("profile", ("tags",), STRING)
    many = replace(tags, type=ValueType("array", of=STRING))
    profile = {**PROFILE, "tags": ["a"]}
    decision = decider(output(label=many)).decide("main", profile, now=NOW)
    decision["output"]["label"].append("b")
    assert profile["tags"] == ["a"]


def test_a_replay_of_anothers_tape_is_refused() -> None:
    made = decider(*later(READ), outside=Outside(features={"visits": 5}))
    request = Request("main", PROFILE, now=NOW, decision_id="d-1")
    decision = next(made.decide_batch([request]))
    assert made.replay(request, decision["tape"]) == decision
    with pytest.raises(TapeError):
        made.replay(request, [])
    with pytest.raises(TapeError):
        made.replay(request, [*decision["tape"], *decision["tape"]])


@pytest.mark.parametrize(
    "nodes",
    [
        (SetNode("a", (), "nowhere"), output()),
        (output(), output()),
        (),
        (SetNode("a", (SetItem("x", Compare("; import os;", SPEND, SPEND)),), "end"), output()),  # type: ignore[arg-type] # the point
        (SetNode("a", (SetItem("x", Value(float("nan"), FLOAT)),), "end"), output()),
        (SetNode("a", (SetItem("x", Name("profile", (3,), FLOAT)),), "end"), output()),  # type: ignore[arg-type] # the point
        (RulesetNode("a", "main"),),
        (RulesetNode("a", "gone"),),
        (ExperimentNode("a", "gone", KEY, (), "end"), output()),
        (TableNode("a", "first", (TableInput(SPEND),), (), (TableRow((), ()),)), output()),
        (SetNode("a", (SetItem("x = 1; y", SPEND),), "end"), output()),
        (RulesetNode("a", "main", (), "x = 1; y", "end"), output()),
        (SetNode("a", (SetItem("x", Name("vars", ("x or y",), FLOAT)),), "end"), output()),
        (SetNode("a\n", (), "end"), output()),
    ],
    ids=[
        "lost way",
        "one name twice",
        "no node",
        "operator",
        "not finite",
        "path",
        "itself",
        "ruleset",
        "experiment",
        "row",
        "name of a var",
        "name of a bound output",
        "name that is read",
        "name of a node",
    ],
)
def test_a_damaged_ruleset_is_refused_before_code_is_made_of_it(nodes: tuple[GraphNode, ...]) -> None:
    with pytest.raises(DecodeError):
        Decider(program(*nodes)).decide("main", PROFILE)


EVIL = "x if 0 else print('run') or (lambda *a: {})"


def test_no_name_of_a_bundle_becomes_code(capsys: pytest.CaptureFixture[str]) -> None:
    inner = Ruleset(EVIL, (), (Field("label", "keyword"),), (output(),))
    made = program(RulesetNode("a", EVIL))
    with pytest.raises(DecodeError, match="damaged"):
        Decider(replace(made, rulesets={**made.rulesets, EVIL: inner})).decide("main", PROFILE, now=NOW)
    assert capsys.readouterr().out == ""


def test_a_ruleset_that_stands_under_another_name_is_refused() -> None:
    other = Ruleset("inner", (), (Field("label", "keyword"),), (output(),))
    with pytest.raises(DecodeError, match="another name"):
        Decider(program(RulesetNode("a", "called"), called=other)).decide("main", PROFILE, now=NOW)


def test_prepare_makes_every_function() -> None:
    made = Decider(program(RulesetNode("a", "gone")))
    with pytest.raises(DecodeError, match="gone"):
        made.prepare()
