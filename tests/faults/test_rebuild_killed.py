"""Wherever a rebuild is killed, membership is that of one definition or the other, and the next rebuild ends it."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine.rebuilds.interrupted import recover
from engine.rebuilds.mover import move_all
from engine.segments.registry import read_registry
from tests.integration.test_segments_rebuild import CUSTOMERS, filled, rebuild, redefined
from tests.live_world import DAY, World, random_events
from tests.servers.redis_servers import RedisServer
from tests.waiting import PATIENCE

DOOMED = Path(__file__).with_name("doomed_rebuild.py")
ROOT = Path(__file__).parents[2]
POINTS = [
    "begin:after",
    "take:after",
    "copy:after",
    "close:after",
    "catch_up:after",
    "rename:before",
    "rename:after",
    "commit:before",
    "commit:after",
    "run:after",
    "move:after",
]


def killed(world: World, redis_url: str, point: str, count: int) -> bool:
    """Whether a rebuild was killed there, and did not end before it came so far."""
    command = [sys.executable, str(DOOMED), world.postgres, redis_url, str(world.now_ms), point, str(count)]
    done = subprocess.run(command, cwd=ROOT, check=False, env={"PYTHONPATH": str(ROOT)}, timeout=PATIENCE)
    assert done.returncode in {0, -signal.SIGKILL}
    return done.returncode == -signal.SIGKILL


def as_registered(world: World) -> None:
    """Let the oracle go by the definitions that decide."""
    with world.connect("tests") as connection:
        active = read_registry(connection, world.vault).active
    segments = {name: active[name].predicate for name in world.program.segments if name in active}
    lists = {name: members for each in active.values() for name, members in each.lists.items()}
    world.program = world.oracle.program = replace(world.program, segments=segments, lists=lists)


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("point", POINTS)
def test_a_killed_rebuild_is_ended_or_forgotten(point: str, count: int, live_world: World, valkey: RedisServer) -> None:
    world = filled(live_world)
    old = world.program
    redefined(world, active="quiet", local="elsewhere")
    new = world.program
    old_sets = {name: world.members(name) for name in old.segments}
    if not killed(world, valkey.url, point, count):
        assert count > 1, "the point is never passed"
        return
    for name in ("active", "local", "tagged"):
        wanted = set() if name == "tagged" else world.oracle.members(name, world.now_ms)
        assert world.members(name) in (old_sets[name], wanted), "a half is to be seen"
    with world.connect("tests") as connection:
        recover(connection, world.redis, world.vault, lambda: world.now_ms)
        move_all(connection, world.redis, world.vault)
    as_registered(world)
    world.put(random_events(random.Random(count), world.now_ms, CUSTOMERS, 60))
    world.drain()
    world.pass_time(DAY // 2)
    world.check()
    world.check_transitions()
    world.program = world.oracle.program = new
    rebuild(world, *new.segments)
    world.check()
    world.check_transitions()


def test_what_was_left_behind_does_not_hinder_the_next_rebuild(live_world: World, valkey: RedisServer) -> None:
    world = filled(live_world)
    for point in ("copy:after", "rename:after", "commit:after", "move:after"):
        assert killed(world, valkey.url, point, 1)
    redefined(world, active="quiet", local="elsewhere")
    rebuild(world, *world.program.segments)
    world.check()
    world.check_transitions()
