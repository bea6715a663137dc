"""Wherever a worker is killed, the next one finishes its work: nothing is lost, nothing counts twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.ir.instant import format_instant
from tests.live_world import DAY, World, random_events
from tests.servers.redis_servers import RedisServer
from tests.waiting import PATIENCE

DOOMED = Path(__file__).with_name("doomed_worker.py")
ROOT = Path(__file__).parents[2]
CUSTOMERS = [f"c-{number}" for number in range(30)]
POINTS = [
    "process:before",
    "locked:after",
    "commit:before",
    "commit:after",
    "process:after",
    "send:before",
    "send:after",
    "exchange:before",
    "exchange:after",
    "trim:after",
]


@contextmanager
def doomed(world: World, redis_url: str, point: str, count: int, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that sends itself a signal there; options are `KILL` or `STOP`, and `drain` or `stay`."""
    command = [sys.executable, str(DOOMED), world.postgres, redis_url, str(world.now_ms), point, str(count), *options]
    with subprocess.Popen(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}) as worker:
        try:
            yield worker
        finally:
            worker.kill()


def run_doomed(world: World, redis_url: str, point: str, count: int) -> int:
    """The exit code of a worker that is killed there, or ends by itself before it comes so far."""
    with doomed(world, redis_url, point, count, "KILL", "drain") as worker:
        return worker.wait(timeout=PATIENCE)


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_worker_loses_nothing_and_counts_nothing_twice(
    point: str, live_world: World, valkey: RedisServer
) -> None:
    random_ = random.Random(point)
    killed = 0
    for count in (1, 2, 5):
        world = live_world
        # What lies in the far future would be refused before the clock moves and taken after it; not the matter here.
        events = random_events(random_, world.now_ms, CUSTOMERS, 120)
        world.put([event for event in events if event["time"] <= format_instant(world.now_ms + 300_000)])
        killed += run_doomed(world, valkey.url, point, count) == -signal.SIGKILL
        if count == 2:
            world.now_ms += DAY  # and time has passed when the next one comes
        world.drain()
        world.check()
    assert killed
    live_world.check_transitions()
