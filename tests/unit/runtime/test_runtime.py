"""The public runtime decides three ways with the same result, and has what decisions write carried out."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from engine.experiments import NativeAssigner
from engine.nodes.cap.node import CapNode
from engine.runtime.decide import InputRefusedError
from engine.runtime.decision import Decision, DecisionRecord
from engine.runtime.intake import FactsRefusedError
from engine.runtime.loaded import Runtime
from engine.runtime.needs import NEEDS
from engine.runtime.ports import Ports
from engine.runtime.writes import CapUse, Exposure, Write
from tests.unit.runtime.decide_cases import KEY, NOW, PROFILE, STICKY, Outside, output, program, text

CAP = CapNode("cap", text("hero"), KEY, 3, 1_000, "test", "end")
NODES = (CAP, replace(STICKY, arms=(("control", "end"), ("treatment", "end"))), output())
KINDS = ["cap", "exposure", "decision"]


class Store:
    """A port for writes that remembers every call, and answers as it is told."""

    def __init__(self, answer: Any = "done", *, blocks: bool = False) -> None:
        self.blocks = blocks
        self.calls: list[list[Write]] = []
        self.threads: set[int] = set()
        self._answer = answer

    def carry_out(self, writes: Sequence[Write], deadline: float) -> Any:  # noqa: ARG002 - the port's signature
        self.calls.append(list(writes))
        self.threads.add(threading.get_ident())
        if isinstance(self._answer, Exception):
            raise self._answer
        return [self._answer for _ in writes] if isinstance(self._answer, str) else self._answer


def runtime(store: Any = None, clock: Any = lambda: 0.0) -> Runtime:
    made = program(*NODES)
    ports = Ports(dict.fromkeys(NEEDS, Outside(cap=0)), store, clock)
    return Runtime(made, "sha256:b", assigner=NativeAssigner(made.experiments), ports=ports)


def three_ways(made: Runtime) -> list[Decision]:
    """One request, decided in each way."""
    asked: dict[str, Any] = {"now": NOW, "trace": True}
    many = made.decide_many("main", [{"profile": PROFILE, "decision_id": "d-1"}], **asked)
    found = [
        made.decide("main", PROFILE, decision_id="d-1", **asked),
        asyncio.run(made.decide_async("main", PROFILE, decision_id="d-1", **asked)),
        *many,
    ]
    return [each for each in found if isinstance(each, Decision)]


def test_three_ways_decide_the_same() -> None:
    first, second, third = three_ways(runtime())
    assert first == second == third
    assert first.carried == ()
    assert first.bundle == "sha256:b"
    assert [each["kind"] for each in first.trace] == ["cap", "experiment", "output"]


@pytest.mark.parametrize("blocks", [False, True])
def test_writes_are_carried_out_with_the_record_last(*, blocks: bool) -> None:
    store = Store(blocks=blocks)
    for decision in three_ways(runtime(store)):
        assert decision.carried == ("done", "done", "done")
        assert "carried" not in decision.as_json()
        cap, exposure, record = store.calls.pop(0)
        assert cap == CapUse("d-1", NOW, "hero", "c-1", 1_000)
        assert isinstance(exposure, Exposure)
        assert record == DecisionRecord("d-1", NOW, decision._replace(carried=()))
        assert record.as_json() == {"write": "decision", "decision": decision.as_json()}
    assert (len(store.threads) == 2) is blocks


def test_writes_of_many_decisions_are_one_call() -> None:
    store = Store()
    inputs = [{"id": "c-1"}, {"id": "c-2", "profile": {"spend": "5"}}, {"id": "c-3"}]
    first, refused, third = runtime(store).decide_many("main", inputs, now=NOW)
    assert isinstance(refused, FactsRefusedError)
    assert isinstance(first, Decision)
    assert isinstance(third, Decision)
    assert (first.customer, third.customer) == ("c-1", "c-3")
    (call,) = store.calls
    assert [write.kind for write in call] == KINDS * 2
    assert [write.decision_id for write in call] == [first.decision_id] * 3 + [third.decision_id] * 3


@pytest.mark.parametrize(
    "answer, outcome",
    [
        ("refused", "refused"),
        (OSError("down"), "error"),
        (TimeoutError(), "timeout"),
        (["done"], "error"),
        (["fine"] * 3, "error"),
        (None, "error"),
    ],
)
def test_a_decision_stands_whatever_becomes_of_its_writes(answer: Any, outcome: str) -> None:
    plain = three_ways(runtime())[0]
    for decision in three_ways(runtime(Store(answer))):
        assert decision.carried == (outcome,) * 3
        assert decision._replace(carried=()) == plain


def test_a_store_that_must_be_awaited_serves_the_asyncio_driver_alone() -> None:
    class Awaited(Store):
        async def carry_out(self, writes: Sequence[Write], deadline: float) -> Any:
            await asyncio.sleep(0)
            return super().carry_out(writes, deadline)

    first, second, third = three_ways(runtime(Awaited()))
    assert first.carried == third.carried == ("error",) * 3
    assert second.carried == ("done",) * 3


def test_a_deadline_that_has_passed_hands_no_writes_over() -> None:
    store = Store()
    made = runtime(store, lambda: 10.0)
    late = made.decide("main", PROFILE, now=NOW, deadline=9.0)
    awaited = asyncio.run(made.decide_async("main", PROFILE, now=NOW, deadline=9.0))
    assert late.carried == awaited.carried == ("timeout",) * 3
    assert store.calls == []


def test_a_store_that_never_answers_costs_its_time_and_the_decision_stands() -> None:
    go = threading.Event()

    class Hanging(Store):
        def carry_out(self, writes: Sequence[Write], deadline: float) -> Any:
            super().carry_out(writes, deadline)
            assert go.wait(60)
            return ["done"] * len(writes)

    store = Hanging(blocks=True)
    try:
        decision = asyncio.run(runtime(store).decide_async("main", PROFILE, now=NOW))
        assert decision.carried == ("timeout",) * 3
        assert len(store.calls) == 1
        assert not go.is_set()
    finally:
        go.set()


def test_what_does_not_fit_is_refused_in_every_way() -> None:
    made = runtime()
    wrong: dict[str, Any] = {"now": "2026-03-01"}
    with pytest.raises(FactsRefusedError, match="`now` expected an instant with a zone"):
        made.decide("main", PROFILE, **wrong)
    with pytest.raises(FactsRefusedError, match="`now` expected an instant with a zone"):
        asyncio.run(made.decide_async("main", PROFILE, **wrong))
    with pytest.raises(FactsRefusedError, match="`now` expected an instant with a zone"):
        made.decide_many("main", [], **wrong)
    with pytest.raises(FactsRefusedError, match="`now` expected an instant with a zone"):
        made.segments(PROFILE, **wrong)
    (found,) = made.decide_many("main", [{"id": "c-1", "context": {"channel": "post"}}], now=NOW)
    assert isinstance(found, InputRefusedError)
    for ask in (made.decide, made.decide_many):
        with pytest.raises(KeyError):
            ask("other", PROFILE)
    with pytest.raises(KeyError):
        asyncio.run(made.decide_async("other", PROFILE))
