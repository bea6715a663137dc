"""Small programs, an outside that answers with set values, a matcher that counts: what tests of decisions share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.experiments import NativeAssigner
from engine.ir.expression import (
    FLOAT,
    STRING,
    Expression,
    InSegment,
    Name,
    Value,
    ValueType,
)
from engine.ir.graph import Arm, Experiment, FeatureView, GraphNode, Model, Phase, Ruleset, SetItem
from engine.ir.program import Program
from engine.ir.types import Catalogue, Field
from engine.nodes.bandit.node import BanditArm, BanditNode
from engine.nodes.experiment.node import ExperimentNode
from engine.nodes.features.node import FeatureRead, FeaturesNode
from engine.nodes.model.node import ModelNode
from engine.nodes.output.node import OutputNode
from engine.nodes.switch.node import SwitchCase, SwitchNode
from engine.runtime.decide import Decider
from engine.runtime.needs import NEEDS, Got, Need
from engine.runtime.ports import Ports

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


_WORDS = {"predict": "model", "choose": "bandit"}


class Outside:
    """Answers everything with set values and remembers what was asked, call by call."""

    blocks = False

    def __init__(self, **values: Any) -> None:
        self.values = values
        self.calls: list[list[Need]] = []

    def answer(self, needs: Sequence[Need], _deadline: float) -> list[Got]:
        self.calls.append(list(needs))
        return [Got(self.values[_WORDS.get(need.kind, need.kind)], "ok", "v2") for need in needs]

    def ports(self) -> Ports:
        return Ports(dict.fromkeys(NEEDS, self), clock=lambda: 0.0)


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


STICKY = ExperimentNode("test", "banner", KEY, (("control", "end"), ("treatment", "new")), "end")
READ = FeaturesNode("read", (FeatureRead(VIEW, KEY),), "end")
SCORE = ModelNode("score", MODEL, (SetItem("spend", SPEND, "profile.spend"),), "churn", "end")
PICK = BanditNode("pick", "hero", "id", KEY, (BanditArm("a"), BanditArm("b")), "a", (), "pick", "end")
CHOICE = {"arm": "b", "probability": 0.25, "distribution": {"a": 0.75, "b": 0.25}}
MANY = ValueType("array", of=STRING)
LISTED = Model(
    "listed",
    "",
    (Field("tags", "keyword", many=True),),
    (Field("labels", "keyword", many=True),),
    (("labels", ("a", "b")),),
)
EVIL = "x if 0 else print('run') or (lambda *a: {})"


def later(*nodes: GraphNode) -> tuple[GraphNode, ...]:
    return (*nodes, output())
