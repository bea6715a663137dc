"""Decisions: what a record holds, where segments come from, what is refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from engine.ir.codec import DecodeError
from engine.ir.expression import (
    STRING,
    ArrayOf,
    Compare,
    Conditional,
    Name,
)
from engine.ir.graph import FeatureView, Ruleset
from engine.ir.types import Field
from engine.nodes.features.node import FeatureRead, FeaturesNode
from engine.nodes.ruleset.node import RulesetNode
from engine.runtime.clock import system_now
from engine.runtime.decide import Decider, InputRefusedError
from engine.runtime.membership import AT_ONCE
from tests.unit.runtime.decide_cases import (
    EVIL,
    KEY,
    MANY,
    NOW,
    PROFILE,
    ROOT,
    Members,
    Outside,
    decider,
    output,
    program,
    split,
    text,
)


def test_a_record_has_every_part_in_its_place() -> None:
    made = decider(split("vip"), output("vip"), output(), matcher=Members("vip"))
    assert made.decide("main", PROFILE, now=NOW, decision_id="d-1").as_json() == {
        "decision_id": "d-1",
        "now": NOW,
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
    assert made.decide("main", PROFILE, now=NOW).segments == {"a": False, "b": True}
    assert members.asked == ["a", "b"]


def test_many_segments_are_matched_at_once() -> None:
    names = [f"s{number}" for number in range(AT_ONCE)]
    members = Members("s5")
    made = decider(split(*names), *(output(name) for name in names), output(), matcher=members)
    assert made.decide("main", PROFILE, now=NOW).output == {"label": "s5"}
    assert members.asked == ["*"]


def test_membership_that_is_handed_in_overrides_matching() -> None:
    members = Members()
    made = decider(split("vip"), output("vip"), output(), matcher=members)
    decision = made.decide("main", PROFILE, now=NOW, membership=["vip"])
    assert (decision.output, decision.membership) == ({"label": "vip"}, "given")
    assert members.asked == []


def test_another_matcher_serves_the_same_functions() -> None:
    made = decider(split("vip"), output("vip"), output(), matcher=Members())
    assert made.matching(Members("vip")).decide("main", PROFILE, now=NOW).output == {"label": "vip"}
    assert made.decide("main", PROFILE, now=NOW).output == {"label": "end"}


def test_without_a_matcher_nobody_is_in_a_segment() -> None:
    made = decider(split("vip"), output("vip"), output())
    assert made.decide("main", PROFILE).segments == {"vip": False}


def test_decisions_get_an_id_and_a_time_of_their_own() -> None:
    made = decider(output())
    ids = {made.decide("main", PROFILE).decision_id for _ in range(200)}
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
    assert (decision.output, decision.tape[0]["status"]) == ({"label": "same", "other": ["a", "b"]}, status)


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
