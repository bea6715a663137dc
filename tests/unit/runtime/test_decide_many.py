"""Decisions about events, in batches, and by several threads at once."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from threading import Barrier, Thread
from typing import Any

import pytest

from engine.ir.expression import INTEGER, STRING, Arithmetic, Name, Value
from engine.ir.graph import Ruleset, SetItem
from engine.ir.program import Program
from engine.ir.types import EventType, Field
from engine.nodes.ruleset.node import RulesetNode
from engine.nodes.set.node import SetNode
from engine.runtime.decide import Decider, InputRefusedError, Request
from engine.runtime.drivers import TapeError
from tests.unit.runtime.decide_cases import (
    CATALOGUE,
    NOW,
    PROFILE,
    READ,
    Members,
    Outside,
    decider,
    later,
    output,
    program,
    split,
    text,
)

PURCHASE = EventType("purchase", (Field("sku", "keyword"),))
VISIT = {"id": "e", "type": "visit", "id_of": "c-1", "time": NOW, "data": {"sku": 5}}


def about(event: str | None, *more: Any) -> Decider:
    end = output(label=Name("event", ("data", "sku"), STRING) if event else text("none"))
    main = Ruleset("main", (), (Field("label", "keyword"),), (*more, end), event)
    catalogue = replace(CATALOGUE, events=(PURCHASE,))
    return Decider(Program("w", "UTC", catalogue, rulesets={"main": main}))


@pytest.mark.parametrize("trace", [False, True])
def test_an_event_of_another_type_is_refused(trace: bool) -> None:  # noqa: FBT001 - a parameter of the test
    with pytest.raises(InputRefusedError, match=r"event\.type.*`purchase`"):
        about("purchase").decide("main", PROFILE, event=VISIT, trace=trace)


def test_an_event_of_another_type_is_refused_by_the_asyncio_driver_too() -> None:
    with pytest.raises(InputRefusedError):
        asyncio.run(about("purchase").decide_async(Request("main", PROFILE, event=VISIT)))
    with pytest.raises(InputRefusedError):
        asyncio.run(about("purchase", READ).decide_async(Request("main", PROFILE, event=VISIT)))


def test_an_event_of_the_declared_type_is_looked_at_and_one_that_nobody_declares_is_not() -> None:
    bought = {**VISIT, "type": "purchase", "data": {"sku": "s"}}
    assert about("purchase").decide("main", PROFILE, event=bought).output == {"label": "s"}
    assert about("purchase").decide("main", PROFILE).output == {}
    assert about(None).decide("main", PROFILE, event=VISIT).output == {"label": "none"}


@pytest.mark.parametrize("nodes", [(), (READ,)], ids=["alone", "asking"])
def test_a_request_that_is_refused_leaves_the_others_of_its_batch(nodes: Any) -> None:
    made = decider(*later(*nodes), outside=Outside(features={"visits": 5}))
    good = Request("main", PROFILE, now=NOW, decision_id="d-1")
    bad, lost = good._replace(context={"channel": "fax"}), good._replace(ruleset="other")
    first, refused, unknown, last = made.decide_batch([good, bad, lost, good])
    assert isinstance(refused, InputRefusedError)
    assert refused.problems[0].path == "context.channel"
    undeclared = next(made.decide_batch([good._replace(context={"chanel": "web"})]))
    assert str(undeclared) == "context.chanel: is not declared in the ruleset's context"
    assert isinstance(unknown, InputRefusedError)
    assert unknown.problems[0].path == "ruleset"
    assert first == last == made.decide("main", PROFILE, now=NOW, decision_id="d-1")


def test_a_replay_of_a_tape_by_a_ruleset_that_asks_nothing_is_refused() -> None:
    request = Request("main", PROFILE, now=NOW, decision_id="d-1")
    made = decider(output())
    assert made.replay(request, []) == made.decide("main", PROFILE, now=NOW, decision_id="d-1")
    with pytest.raises(TapeError):
        made.replay(request, [{"kind": "predict", "name": "m", "value": {}, "status": "ok", "version": ""}])


def test_threads_that_decide_first_do_not_disturb_each_other() -> None:
    chain = [
        SetNode(f"s{n}", (SetItem("x", Arithmetic("+", Value(n, INTEGER), Value(1, INTEGER), INTEGER)),), f"s{n + 1}")
        for n in range(300)
    ]
    inner = Ruleset("inner", (), (Field("label", "keyword"),), (*chain, output("s300")))
    made = Decider(program(RulesetNode("a", "inner"), inner=inner))
    wrong: list[BaseException] = []
    together = Barrier(8)

    def decide(name: str) -> None:
        together.wait()
        try:
            made.decide(name, PROFILE, now=NOW)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the test shall tell
            wrong.append(problem)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.0001)
    threads = [Thread(target=decide, args=(("main", "inner")[n % 2],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(interval)
    assert wrong == []


def test_a_decision_without_needs_has_an_empty_tape_and_replays() -> None:
    made = decider(split("vip"), output("vip"), output(), matcher=Members("vip"))
    decision = made.decide("main", PROFILE, now=NOW, decision_id="d-1")
    assert decision.tape == ()
    assert made.replay(Request("main", PROFILE, now=NOW, decision_id="d-1"), decision.tape) == decision
