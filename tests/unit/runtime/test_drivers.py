"""Drivers: what is asked together, what happens when nobody answers in time, and what a tape gives back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Sequence
from typing import Any

import pytest

from engine.runtime.drivers import TapeError, drive, drive_async, drive_batch, replay
from engine.runtime.needs import CountUses, Got, Need, Predict, ReadFeatures, accept_answer, fallback_of
from engine.runtime.ports import Ports

SCORE = Predict("churn", "1", (("orders", 3),), ("score",), (("score", 0.5),), 60_000)
VISITS = ReadFeatures("activity", "customer_id", "c-1", (("visits", 0),), 60_000)
USES = CountUses("hero", "c-1", 1_000, 60_000)
FALLBACK = {"score": 0.5}


class Recorder:
    """A port that answers with a value and remembers what it was asked."""

    blocks = False

    def __init__(self, value: Any = None, problem: Exception | None = None) -> None:
        self.asked: list[tuple[Need, ...]] = []
        self.deadlines: list[float] = []
        self._value = value
        self._problem = problem

    def answer(self, needs: Sequence[Any], deadline: float) -> list[Got]:
        self.asked.append(tuple(needs))
        self.deadlines.append(deadline)
        if self._problem is not None:
            raise self._problem
        return [Got(self._value, "ok", "7") for _ in needs]


def steps(*rounds: tuple[Need, ...]) -> Generator[tuple[Need, ...], tuple[Got, ...], list[tuple[Got, ...]]]:
    """Asks round by round and returns the answers."""
    answers = []
    for needs in rounds:
        answers.append((yield needs))  # noqa: PERF401 - a comprehension cannot yield
    return answers


def test_needs_of_one_kind_go_to_their_port_at_once() -> None:
    scorer, reader = Recorder({"score": 0.9}), Recorder({"visits": 2})
    other = Predict("churn", "1", (("orders", 4),), ("score",), (("score", 0.5),), 60_000)
    found = drive(steps((SCORE, VISITS, other)), Ports({Predict: scorer, ReadFeatures: reader}))
    assert found == [(Got({"score": 0.9}, "ok", "7"), Got({"visits": 2}, "ok", "7"), Got({"score": 0.9}, "ok", "7"))]
    assert scorer.asked == [(SCORE, other)]
    assert reader.asked == [(VISITS,)]


def test_a_batch_asks_for_many_decisions_together_and_equal_needs_once() -> None:
    scorer = Recorder({"score": 0.9})
    many = [steps((SCORE,), (USES,)), steps((SCORE,)), steps((VISITS, SCORE))]
    found = list(drive_batch(many, Ports({Predict: scorer})))
    assert scorer.asked == [(SCORE,)]
    assert [len(each) for each in found] == [2, 1, 1]
    assert found[2][0][0].status == "unavailable"


def test_a_batch_gathers_so_many_at_a_time() -> None:
    scorer = Recorder({"score": 0.9})
    assert len(list(drive_batch((steps((SCORE,)) for _ in range(5)), Ports({Predict: scorer}), together=2))) == 5
    assert len(scorer.asked) == 3


def test_without_a_port_the_fallback_holds() -> None:
    assert drive(steps((SCORE,)), Ports()) == [(Got(FALLBACK, "unavailable"),)]


def test_a_failing_port_gives_the_fallback() -> None:
    ports = Ports({Predict: Recorder(problem=OSError("down"))})
    assert drive(steps((SCORE,)), ports) == [(Got(FALLBACK, "error"),)]


def test_another_number_of_answers_gives_the_fallback() -> None:
    class Short(Recorder):
        def answer(self, needs: Sequence[Any], deadline: float) -> list[Got]:
            return super().answer(needs, deadline)[1:]

    assert drive(steps((SCORE,)), Ports({Predict: Short({"score": 1.0})})) == [(Got(FALLBACK, "error"),)]


def test_a_port_that_must_be_awaited_answers_the_asyncio_driver_alone() -> None:
    ports = Ports({Predict: Slow(0)})
    assert drive(steps((SCORE,)), ports) == [(Got(FALLBACK, "error"),)]
    assert list(drive_batch([steps((SCORE,))], ports)) == [[(Got(FALLBACK, "error"),)]]
    assert asyncio.run(drive_async(steps((SCORE,)), ports)) == [(Got({"score": 0.9}),)]


def test_a_deadline_that_has_passed_asks_nobody() -> None:
    scorer = Recorder({"score": 0.9})
    found = drive(steps((SCORE,)), Ports({Predict: scorer}), deadline=time.monotonic() - 1)
    assert found == [(Got(FALLBACK, "timeout"),)]
    assert scorer.asked == []


class Late(Recorder):
    """Answers after its time: a clock of its own goes on while it is asked."""

    seconds = 0.0

    def clock(self) -> float:
        return self.seconds

    def answer(self, needs: Sequence[Any], deadline: float) -> list[Got]:
        self.seconds = deadline + 0.001
        return super().answer(needs, deadline)


@pytest.mark.parametrize("problem", [None, TimeoutError()])
def test_an_answer_after_its_deadline_is_none(problem: Exception | None) -> None:
    def ports() -> Ports:
        late = Late({"score": 0.9}, problem) if problem is None else Recorder(problem=problem)
        return Ports({Predict: late}, clock=getattr(late, "clock", time.monotonic))

    late = [(Got(FALLBACK, "timeout"),)]
    assert drive(steps((SCORE,)), ports()) == late
    assert list(drive_batch([steps((SCORE,))], ports())) == [late]
    assert asyncio.run(drive_async(steps((SCORE,)), ports())) == late


def test_a_port_is_told_the_sooner_of_both_deadlines() -> None:
    scorer = Recorder({"score": 0.9})
    ports = Ports({Predict: scorer}, clock=lambda: 100.0)
    for deadline in (100.25, 170.0, float("inf")):
        drive(steps((SCORE,)), ports, deadline=deadline)
    assert scorer.deadlines == [100.25, 160.0, 160.0]


class Slow:
    """Answers late, or at once and in parallel."""

    blocks = False

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.cancelled = False
        self.running = 0
        self.most = 0

    async def answer(self, needs: Sequence[Any], _deadline: float) -> list[Got]:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        finally:
            self.running -= 1
        return [Got({"score": 0.9} if isinstance(need, Predict) else {"visits": 1}) for need in needs]


def test_asyncio_cancels_what_is_late() -> None:
    late = Slow(30)
    hurried = Predict("churn", "1", (), ("score",), (("score", 0.5),), 10)
    assert asyncio.run(drive_async(steps((hurried,)), Ports({Predict: late}, clock=lambda: 0.0))) == [
        (Got(FALLBACK, "timeout"),)
    ]
    assert late.cancelled


def test_asyncio_asks_all_kinds_at_the_same_time() -> None:
    slow = Slow(0.01)
    ports = Ports({Predict: slow, ReadFeatures: slow, CountUses: Recorder(3)})
    found = asyncio.run(drive_async(steps((SCORE, VISITS, USES)), ports))
    assert [got.status for got in found[0]] == ["ok", "ok", "ok"]
    assert slow.most == 2


def test_asyncio_gives_fallbacks_as_the_synchronous_driver_does() -> None:
    async def found(ports: Ports, deadline: float = float("inf")) -> Any:
        return (await drive_async(steps((SCORE,)), ports, deadline))[0][0].status

    failing = Ports({Predict: Recorder(problem=ValueError("no"))})
    assert asyncio.run(found(Ports())) == "unavailable"
    assert asyncio.run(found(failing)) == "error"
    assert asyncio.run(found(failing, time.monotonic() - 1)) == "timeout"


def test_a_tape_is_read_in_order() -> None:
    tape: list[dict[str, Any]] = [
        {"node": "a", "kind": "predict", "name": "churn", "value": {"score": 0.9}, "status": "ok", "version": "7"},
        {"node": "b", "kind": "cap", "name": "hero", "value": 2, "status": "ok", "version": ""},
    ]
    found = replay(steps((SCORE,), (USES,)), tape)
    assert found == [(Got({"score": 0.9}, "ok", "7"),), (Got(2),)]


@pytest.mark.parametrize("rounds", [((USES,),), ((SCORE,), (USES,)), ()])
def test_anothers_tape_is_refused(rounds: tuple[tuple[Need, ...], ...]) -> None:
    tape = [{"node": "a", "kind": "predict", "name": "churn", "value": {}, "status": "ok", "version": ""}]
    with pytest.raises(TapeError, match="the tape"):
        replay(steps(*rounds), tape)


CHOOSE_ARGS = ("hero", "customer_id", "c-1", ("blue", "green"), (), "d-1")


@pytest.mark.parametrize(
    "need, value",
    [
        (SCORE, [0.5]),
        (SCORE, {"score": float("nan")}),
        (SCORE, {"score": 2**63}),
        (SCORE, {1: 0.5}),
        (SCORE, {"score": object()}),
        (VISITS, None),
        (USES, -1),
        (USES, True),
        (USES, 1.0),
    ],
)
def test_an_answer_of_another_form_is_an_error(need: Need, value: Any) -> None:
    assert accept_answer(need, Got(value)) == fallback_of(need, "error")


def test_an_answer_without_status_is_an_error() -> None:
    assert accept_answer(USES, 3) == fallback_of(USES, "error")
    assert accept_answer(USES, Got(3, "fine")) == fallback_of(USES, "error")  # type: ignore[arg-type] # the point
