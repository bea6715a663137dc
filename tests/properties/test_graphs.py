"""Generated rulesets: the generated functions decide as a plain walk does, in every driver, traced or not, replayed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.experiments import NativeAssigner
from engine.ir.codec import decode, encode
from engine.nodes.kinds import NODE_KINDS
from engine.runtime.decide import Decider, Request
from engine.runtime.decision import Decision
from engine.runtime.evaluate import Walk
from engine.runtime.expressions import Facts
from engine.runtime.needs import NEEDS, Got
from engine.runtime.ports import Ports
from tests.properties.graph_cases import Cases, Oracle, World

CASES = settings(max_examples=200)
SEEDS = st.integers(0, 2**48)


@dataclass(frozen=True, slots=True)
class Members:
    """Everyone is in the same segments."""

    names: Collection[str]

    def holds(self, segment: str, _profile: Mapping[str, Any], _now: str) -> bool:
        return segment in self.names

    def match(self, _profile: Mapping[str, Any], _now: str) -> Collection[str]:
        return self.names


@dataclass(frozen=True, slots=True)
class Awaited:
    """The oracle behind ports that have to be awaited."""

    oracle: Oracle

    blocks: ClassVar[bool] = False

    async def answer(self, needs: Sequence[Any], _deadline: float) -> list[Got]:
        await asyncio.sleep(0)
        return [self.oracle(need) for need in needs]


def decider(world: World, outside: Any) -> Decider:
    ports = Ports({} if outside is None else dict.fromkeys(NEEDS, outside), clock=lambda: 0.0)
    assigner = NativeAssigner(world.program.experiments)
    return Decider(world.program, bundle="b", matcher=Members(world.segments), assigner=assigner, ports=ports)


def request(world: World, *, trace: bool = False, ruleset: str = "outer") -> Request:
    return Request(ruleset, world.profile, world.context, now=world.now, decision_id="d-1", trace=trace)


def decided(world: World, *, trace: bool = False) -> Decision:
    asked = request(world, trace=trace)
    decision = next(decider(world, Oracle(world.seed)).decide_batch([asked]))
    assert isinstance(decision, Decision)
    return decision


@CASES
@given(SEEDS)
def test_generated_functions_decide_as_a_walk_does(seed: int) -> None:
    world = Cases(Random(seed)).ruleset_world()
    member = world.segments.__contains__
    facts = Facts(world.profile, world.context, now=world.now, member=member)
    reference = Walk(world.program, facts, Oracle(world.seed), NativeAssigner(world.program.experiments), "d-1")
    output = reference.walk(world.program.rulesets["outer"])
    decision = decided(world)
    assert decision.output == output
    assert decision.path == reference.path
    assert decision.segments == reference.segments
    assert [(each["experiment"], each["arm"], each["reason"]) for each in decision.experiments] == reference.arms
    assert [(each["bandit"], each["arm"]) for each in decision.bandits] == reference.picks


@CASES
@given(SEEDS)
def test_all_drivers_give_the_same_decision(seed: int) -> None:
    world = Cases(Random(seed)).ruleset_world()
    asked = request(world)
    synchronous = decider(world, Oracle(world.seed)).decide(
        "outer", world.profile, world.context, now=world.now, decision_id="d-1"
    )
    awaited = asyncio.run(decider(world, Awaited(Oracle(world.seed))).decide_async(asked))
    batch = list(decider(world, Oracle(world.seed)).decide_batch([asked, request(world, ruleset="inner"), asked]))
    assert awaited == synchronous
    assert batch[0] == batch[2] == synchronous


@CASES
@given(SEEDS)
def test_a_trace_changes_nothing_else(seed: int) -> None:
    world = Cases(Random(seed)).ruleset_world()
    traced = decided(world, trace=True)
    trace = traced.trace
    assert traced._replace(trace=()) == decided(world)
    assert [(each["node"], each["outcome"]) for each in trace] == [
        (each["node"], each["outcome"]) for each in traced.path
    ]
    assert "someone@example.org" not in json.dumps(trace)


@CASES
@given(SEEDS)
def test_a_replay_gives_the_decision_again(seed: int) -> None:
    world = Cases(Random(seed)).ruleset_world()
    first = decided(world, trace=True)
    recorded = json.loads(json.dumps(first.as_json()))
    again = decider(world, None).replay(request(world, trace=True), recorded.get("tape", []))
    assert again == first
    assert json.dumps(again.as_json()) == json.dumps(first.as_json())


@CASES
@given(SEEDS)
def test_a_ruleset_comes_back_from_its_data(seed: int) -> None:
    world = Cases(Random(seed)).ruleset_world()
    for ruleset in world.program.rulesets.values():
        assert decode(json.loads(json.dumps(encode(ruleset))), NODE_KINDS.classes) == ruleset
