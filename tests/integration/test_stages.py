"""Stages of a worker: one that fails or stands still delays nobody, and one with an owner runs once."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import Literal

import pytest

from engine.stages.runner import StageRunner
from engine.stages.stage import StageWaitsError, Turn
from engine.worker.process import WorkerProcess
from engine.worker.transaction import Processor
from tests.integration.test_live_recovery import event
from tests.live_world import START, World
from tests.waiting import until


@dataclass
class Noted:
    """A stage that notes its turns; the first `failures` of them fail, and `gate` holds up the others."""

    name: str = "noted"
    scope: Literal["partitions", "owner"] = "partitions"
    period: float = 0.01
    failures: int = 0
    gate: threading.Event | None = None
    partitions: list[int] = field(default_factory=list)
    drained: int = 0
    closed: int = 0

    def step(self, turn: Turn) -> bool:
        self.partitions.append(len(turn.partitions))
        if len(self.partitions) <= self.failures:
            raise StageWaitsError("nothing answers")
        assert turn.connection.execute("SELECT 1").fetchone() == (1,)
        if self.gate is not None:
            self.gate.wait()
        return False

    def drain(self, turn: Turn) -> None:
        assert turn.connection.execute("SELECT 1").fetchone() == (1,)
        self.drained += 1

    def close(self) -> None:
        self.closed += 1


def process_with(world: World, *stages: Noted) -> WorkerProcess:
    return WorkerProcess(world.redis, world.connect, lambda each: Processor(each, world.vault), stages)


def test_a_stage_that_stands_still_delays_neither_the_loop_nor_another_stage(live_world: World) -> None:
    gate = threading.Event()
    still, other = Noted("still", gate=gate), Noted("other")
    process = process_with(live_world, still, other)
    thread = threading.Thread(target=process.run)
    thread.start()
    try:
        until(lambda: len(still.partitions) == 1)
        seen = len(other.partitions)
        live_world.put([event("e-1", "c-1", "purchase", START - 1_000, amount=70.0)])
        until(lambda: live_world.members("spenders") == {"c-1"})
        until(lambda: len(other.partitions) > seen + 2)
        assert len(still.partitions) == 1
    finally:
        gate.set()
        process.stop()
        thread.join()


def test_a_stage_that_fails_is_tried_again_and_told_of_once(
    live_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    stage, stop = Noted(failures=3), threading.Event()
    runner = StageRunner(stage, live_world.connect, lambda: range(16), stop)
    thread = threading.Thread(target=runner.run)
    with caplog.at_level(logging.WARNING, "decisor.worker"):
        thread.start()
        until(lambda: len(stage.partitions) > 4)
        stop.set()
        thread.join()
    told = [each.getMessage().partition(",")[0] for each in caplog.records]
    assert told == ["the stage `noted` waits", "the stage `noted` works again"]
    assert stage.closed == 4  # after each failure, and at the end


def test_a_stage_with_an_owner_runs_in_one_process_until_that_ends(live_world: World) -> None:
    stages = [Noted(scope="owner"), Noted(scope="owner")]
    stops = [threading.Event(), threading.Event()]
    runners = [
        StageRunner(stage, live_world.connect, lambda: [3], stop) for stage, stop in zip(stages, stops, strict=True)
    ]
    threads = [threading.Thread(target=runner.run) for runner in runners]
    threads[0].start()
    until(lambda: len(stages[0].partitions) > 2)
    threads[1].start()
    before = len(stages[0].partitions)
    until(lambda: len(stages[0].partitions) > before + 50)
    assert stages[1].partitions == []
    stops[0].set()
    threads[0].join()
    until(lambda: len(stages[1].partitions) > 0)
    stops[1].set()
    threads[1].join()
    assert {*stages[0].partitions, *stages[1].partitions} == {16}  # the owner works for all partitions


def test_a_worker_that_drains_drains_its_stages_in_their_order(live_world: World) -> None:
    first, second = Noted("first"), Noted("second")
    process_with(live_world, first, second).run(drain=True)
    assert [(each.drained, each.closed, each.partitions) for each in (first, second)] == [(1, 1, [])] * 2
