"""Traces, called rulesets, and rulesets out of damaged bundles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.experiments import NativeAssigner
from engine.ir.cells import AnyValue, Range
from engine.ir.codec import DecodeError
from engine.ir.expression import (
    FLOAT,
    INTEGER,
    STRING,
    Compare,
    Expression,
    Name,
    Value,
    ValueType,
)
from engine.ir.graph import GraphNode, Ruleset, SetItem
from engine.ir.types import Field
from engine.nodes.cap.node import CapNode
from engine.nodes.experiment.node import ExperimentNode
from engine.nodes.features.node import FeatureRead, FeaturesNode
from engine.nodes.ruleset.node import RulesetNode
from engine.nodes.set.node import SetNode
from engine.nodes.switch.node import SwitchCase, SwitchNode
from engine.nodes.table.node import TableInput, TableNode, TableRow
from engine.runtime.decide import Decider
from engine.runtime.trace import values_of
from tests.unit.runtime.decide_cases import (
    KEY,
    NOW,
    PROFILE,
    SCORE,
    SPEND,
    STICKY,
    TEST,
    VIEW,
    Outside,
    decider,
    later,
    output,
    program,
    text,
)


def test_a_model_is_called_with_its_inputs_and_its_version_recorded() -> None:
    outside = Outside(model={"score": 0.9})
    decision = decider(*later(SCORE), outside=outside).decide("main", PROFILE, now=NOW)
    assert outside.calls[0][0].inputs == (("spend", 20.0),)  # type: ignore[attr-defined] # a Predict
    assert decision.models == [{"model": "churn", "version": "v2", "status": "ok"}]


def test_a_model_without_all_inputs_is_not_called() -> None:
    outside = Outside(model={"score": 0.9})
    decision = decider(*later(SCORE), outside=outside).decide("main", {"id": "c-1"}, now=NOW)
    assert outside.calls == []
    assert decision.models == [{"model": "churn", "version": "7", "status": "fallback"}]
    assert "tape" not in decision.as_json()


def test_a_called_ruleset_has_its_own_context_vars_and_path() -> None:
    inner = Ruleset("inner", (Field("channel", "keyword"),), (), (output(label=Name("context", ("channel",), STRING)),))
    call = RulesetNode("call", "inner", (SetItem("channel", text("app")),), "found", "last")
    last = output("last", label=Name("vars", ("found", "label"), STRING), other=Name("context", ("channel",), STRING))
    made = Decider(program(call, last, inner=inner))
    decision = made.decide("main", PROFILE, {"channel": "web"}, now=NOW, trace=True)
    assert decision.output == {"label": "app", "other": "web"}
    assert decision.path[0] == {"node": "call", "outcome": "inner", "path": [{"node": "end", "outcome": "output"}]}
    assert decision.trace[0]["trace"][0]["kind"] == "output"


def test_a_trace_tells_nothing_that_follows_from_a_personal_unit() -> None:
    """Hashes of it, by which it could be found out by trying; how often it was counted; what was read of it."""
    email = Name("profile", ("email",), STRING)
    visits = Name("features", ("activity", "visits"), INTEGER)

    def traced(unit: Expression, **outside: Any) -> list[Any]:
        nodes: tuple[GraphNode, ...] = (
            ExperimentNode("test", "banner", unit, (("control", "cap"), ("treatment", "cap")), "cap"),
            CapNode("cap", text("mail"), unit, 3, 1_000, "read", "read"),
            FeaturesNode("read", (FeatureRead(VIEW, unit),), "split"),
            SwitchNode("split", (SwitchCase(Compare("<", visits, Value(0, INTEGER)), "end", "w"),), "end"),
            output(),
        )
        profile = {**PROFILE, "email": f"{outside['cap']}@example.org"}
        return list(decider(*nodes, outside=Outside(**outside)).decide("main", profile, now=NOW, trace=True).trace)

    few = traced(email, cap=1, features={"visits": 5})
    assert few[0]["explain"] == {"unit": "[personal]"}
    assert few[1]["count"] == "[personal]"
    assert few[3]["features.activity.visits"] == "[personal]"
    open_to_all = traced(KEY, cap=1, features={"visits": 5})
    assert open_to_all[0]["explain"]["arms"]
    assert open_to_all[1]["count"] == 1
    assert open_to_all[3]["features.activity.visits"] == 5
    assert traced(email, cap=2, features={"visits": 7})[1:] == few[1:]  # the arm may be another one


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
    trace = decider(*nodes).decide("main", profile, now=NOW, trace=True).trace
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
    told = made.decide("main", PROFILE, now=NOW, trace=True).trace[0]["explain"]
    assert told == {"unit": "c-1", **NativeAssigner({"banner": TEST}).explain("banner", "c-1", NOW)}


def test_what_is_handed_out_shares_no_list_with_what_came_in() -> None:
    tags = Name("profile", ("tags",), STRING)
    many = replace(tags, type=ValueType("array", of=STRING))
    profile = {**PROFILE, "tags": ["a"]}
    decision = decider(output(label=many)).decide("main", profile, now=NOW)
    decision.output["label"].append("b")
    assert profile["tags"] == ["a"]


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


def test_prepare_makes_every_function() -> None:
    made = Decider(program(RulesetNode("a", "gone")))
    with pytest.raises(DecodeError, match="gone"):
        made.prepare()
