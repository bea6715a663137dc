"""Nothing personal stands in a trace, whichever way it went."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from engine.ir.expression import (
    STRING,
    Collect,
    Compare,
    Expression,
    ItemOf,
    Local,
    Member,
    Name,
    Value,
    ValueType,
)
from engine.ir.graph import Ruleset, SetItem
from engine.ir.program import Program
from engine.ir.types import Catalogue, EventType, Field
from engine.nodes.output.node import OutputNode
from engine.nodes.ruleset.node import RulesetNode
from engine.nodes.set.node import SetNode
from engine.nodes.switch.node import SwitchCase, SwitchNode
from engine.runtime.decide import Decider

NUMBER = "555-1234"
ORDER = ValueType("object", members=(("phone", STRING), ("sku", STRING)))
PHONE = Field("phone", "keyword", personal=True)
CATALOGUE = Catalogue(
    "customer",
    "id",
    (
        PHONE,
        Field("city", "keyword"),
        Field("orders", "object", many=True, fields=(Field("sku", "keyword"), PHONE)),
        Field("home", "object", fields=(Field("street", "keyword", encrypted="none"), Field("city", "keyword"))),
    ),
)
PROFILE = {
    "id": "c-1",
    "phone": NUMBER,
    "city": "Bern",
    "orders": [{"sku": "s", "phone": NUMBER}],
    "home": {"street": NUMBER, "city": "Bern"},
}
PHONE_OF = Name("profile", ("phone",), STRING)
ORDERS = Name("profile", ("orders",), ValueType("array", of=ORDER))
ELEMENT = Local("o", ORDER)
LABEL = (Field("label", "keyword"),)


def output(value: Expression) -> OutputNode:
    return OutputNode("end", (SetItem("label", value, "label"),))


def traced(*nodes: Any, **more: Ruleset) -> Sequence[Mapping[str, Any]]:
    main = Ruleset("main", (), LABEL, nodes)
    made = Decider(Program("w", "UTC", CATALOGUE, rulesets={"main": main, **more}))
    return made.decide("main", PROFILE, trace=True).trace


def looked_at(value: Expression) -> tuple[SetNode, SwitchNode, OutputNode]:
    """Binds the value, compares what was bound, compares the value itself."""
    bound = replace(Name("vars", ("x",), STRING), type=value.type)
    cases = (SwitchCase(Compare("==", bound, Value("a", STRING)), "end", "x"),)
    more = (SwitchCase(Compare("==", value, Value("a", STRING)), "end", "y"),)
    last = output(Value("done", STRING))
    return SetNode("a", (SetItem("x", value, "x"),), "split"), SwitchNode("split", (*cases, *more), "end"), last


@pytest.mark.parametrize(
    "value",
    [
        PHONE_OF,
        Member(ItemOf(ORDERS, Value(0, ValueType("integer"))), "phone", STRING),
        Collect(ELEMENT, ORDERS, Member(ELEMENT, "phone", STRING), ValueType("array", of=STRING)),
        ORDERS,
        Name("profile", ("home",), ValueType("object", members=(("street", STRING), ("city", STRING)))),
        Name("profile", ("home", "street"), STRING),
    ],
    ids=["field", "element", "elements", "list", "object", "member"],
)
def test_what_is_read_and_what_is_made_of_it_is_left_out(value: Expression) -> None:
    assert NUMBER not in json.dumps(traced(*looked_at(value)))


def test_what_is_not_personal_is_told() -> None:
    trace = traced(*looked_at(Name("profile", ("home", "city"), STRING)))
    assert json.dumps(trace).count("Bern") == 3


def test_a_called_ruleset_keeps_what_it_was_handed_to_itself() -> None:
    handed = Name("context", ("who",), STRING)
    inner = Ruleset("inner", (Field("who", "keyword"),), LABEL, looked_at(handed))
    call = RulesetNode("call", "inner", (SetItem("who", PHONE_OF, "profile.phone"),))
    trace = traced(call, inner=inner)
    assert trace[0]["trace"][0]["node"] == "a"
    assert NUMBER not in json.dumps(trace)


def test_what_a_called_ruleset_gives_may_be_personal() -> None:
    inner = Ruleset("inner", (), LABEL, (output(PHONE_OF),))
    middle = Ruleset("middle", (), LABEL, (RulesetNode("call", "inner"),))
    found = Name("vars", ("found", "label"), STRING)
    call = RulesetNode("call", "middle", (), "found", "a")
    assert NUMBER not in json.dumps(traced(call, *looked_at(found), inner=inner, middle=middle))


def test_the_event_field_that_a_personal_field_is_made_of_is_left_out() -> None:
    signup = EventType("signup", (Field("number", "keyword"), Field("page", "keyword")), (("phone", "number"),))
    nodes = (
        SetNode(
            "a",
            (
                SetItem("x", Name("event", ("data", "number"), STRING), "x"),
                SetItem("y", Name("event", ("data", "page"), STRING), "y"),
            ),
            "end",
        ),
        output(Value("done", STRING)),
    )
    main = Ruleset("main", (), LABEL, nodes, "signup")
    made = Decider(Program("w", "UTC", replace(CATALOGUE, events=(signup,)), rulesets={"main": main}))
    data = {"number": NUMBER, "page": "start"}
    event = {"id": "c-1", "type": "signup", "time": "2026-03-01T00:00:00.000Z", "data": data}
    trace = json.dumps(made.decide("main", PROFILE, event=event, trace=True).trace)
    assert NUMBER not in trace
    assert "start" in trace
