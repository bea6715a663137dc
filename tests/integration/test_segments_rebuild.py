"""Membership built anew on real servers: what comes out is what the conditions say, whatever happens meanwhile."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from engine.ir.predicate import Predicate
from engine.rebuilds.interrupted import recover
from engine.rebuilds.lease import RebuildRunningError, hold_leases
from engine.rebuilds.mover import move_all
from engine.rebuilds.rebuild import Rebuild, Rebuilt, Wish
from engine.rebuilds.staging import SetLostError, Stage
from engine.rebuilds.switching import NotPublishedError, Switch
from engine.segments.registry import Definition, definition_of, read_segments
from engine.storage import keys
from engine.storage.partitions import take_ownership
from engine.worker.publish import settle
from tests.live_world import DAY, SEGMENTS, World, random_events

CUSTOMERS = [f"c-{number}" for number in range(40)]


def filled(world: World, seed: int = 1, count: int = 200) -> World:
    """The world with some history."""
    world.put(random_events(random.Random(seed), world.now_ms, CUSTOMERS, count))
    world.drain()
    return world


def redefined(world: World, **others: str) -> None:
    """Let segments mean what others mean, as if their files had been edited."""
    segments: dict[str, Predicate] = dict(world.program.segments)
    for name, other in others.items():
        segments[name] = world.program.segments[other]
    world.program = replace(world.program, segments=segments)
    world.oracle.program = world.program


def rebuild(world: World, *names: str, move: bool = True, **wish: Any) -> dict[str, Rebuilt]:
    """Rebuild segments as the world's program has them."""
    with world.connect("decisor rebuild") as connection:
        definitions = {name: definition_of(world.program, name) for name in names}
        run = Rebuild(connection, world.redis, world.vault, lambda: world.now_ms)
        found = run.run(Wish(definitions, **wish))
        if move:
            move_all(connection, world.redis, world.vault)
    return {each.name: each for each in found}


def staged(world: World) -> int:
    """How many rows wait for the mover."""
    with world.connect("tests") as connection:
        row = connection.execute("SELECT count(*) FROM staged_transition").fetchone()
    return row[0] if row else 0


def test_a_rebuild_without_changes_changes_nothing(live_world_anywhere: World) -> None:
    world = filled(live_world_anywhere)
    before = world.transitions()
    found = rebuild(world, *SEGMENTS)
    assert world.transitions() == before
    assert all(each.entered == each.left == 0 for each in found.values())
    assert {name: each.members for name, each in found.items()} == {
        name: len(world.oracle.members(name, world.now_ms)) for name in SEGMENTS
    }
    world.check()


def test_another_definition_is_switched_in_with_its_transitions(live_world_anywhere: World) -> None:
    world = filled(live_world_anywhere)
    redefined(world, active="quiet", quiet="active", spenders="few")
    found = rebuild(world, "active", "quiet", "spenders")
    world.check()
    world.check_transitions()
    moved = [row for row in world.transitions() if row[4] == "definition"]
    assert len(moved) == sum(each.entered + each.left for each in found.values()) > 0
    world.pass_time(3 * DAY)
    world.check()
    world.check_transitions()


def test_time_moves_customers_by_a_definition_that_they_were_not_scheduled_for(live_world: World) -> None:
    world = filled(live_world)
    redefined(world, local="active", tagged="trial_over")
    rebuild(world, "local", "tagged")
    for _ in range(12):
        world.pass_time(DAY // 2)
        world.check()
    world.check_transitions()


def test_a_first_fill_may_be_silent(live_world: World) -> None:
    world = filled(live_world)
    with world.connect("tests") as connection:
        connection.execute("DELETE FROM segment WHERE name = 'local'")
        connection.execute("DELETE FROM transition WHERE segment = 'local'")
        connection.execute("UPDATE registry SET version = version + 1")
    told = told_of(world, "local")
    assert rebuild(world, "local", silent=True)["local"].entered > 0
    assert told_of(world, "local") == told
    assert {row[4] for row in world.transitions() if row[0] == "local"} == {"backfill"}
    world.check()
    world.put(random_events(random.Random(5), world.now_ms, CUSTOMERS, 100))
    world.drain()
    world.check()
    assert told_of(world, "local") > told


def told_of(world: World, segment: str) -> int:
    """How many transitions of a segment are on the streams."""
    entries = [entry for partition in range(16) for _, entry in world.redis.xrange(keys.transitions_stream(partition))]
    return sum(entry[b"segment"].decode() == segment for entry in entries)


def test_a_segment_that_ends_is_left_by_everybody(live_world_anywhere: World) -> None:
    world = filled(live_world_anywhere)
    members = world.members("local")
    assert members
    found = rebuild(world, retired=["local"])
    assert found["local"].left == len(members)
    assert not world.redis.exists(keys.members("local"))
    with world.connect("tests") as connection:
        assert "local" not in read_segments(connection)
    ended = {row[1] for row in world.transitions() if row[0] == "local" and row[2] % 2 == 0 and row[4] == "definition"}
    assert ended >= members
    assert all(b"local" not in world.redis.smembers(keys.segments_of(each)) for each in CUSTOMERS)
    world.check_transitions()


@contextmanager
def meddling(monkeypatch: pytest.MonkeyPatch, at: type, name: str, meddle: Callable[[], None]) -> Iterator[None]:
    """Do something once, just before a step of the rebuild."""
    original = getattr(at, name)
    done = threading.Event()

    def step(self: Any, *arguments: Any, **options: Any) -> Any:
        if not done.is_set():
            done.set()
            meddle()
        return original(self, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(at, name, step)
        yield
    assert done.is_set()


STEPS: list[tuple[type, str]] = [(Stage, "take"), (Stage, "close"), (Switch, "run"), (Switch, "_run_locked")]


@pytest.mark.parametrize("at, name", STEPS)
def test_what_happens_meanwhile_is_in_the_new_set(
    at: type, name: str, live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = filled(live_world)
    redefined(world, active="quiet", spenders="few", local="elsewhere")

    def go_on() -> None:
        world.put(random_events(random.Random(77), world.now_ms, [*CUSTOMERS, "new-1", "new-2"], 150))
        before = world.program
        world.drain()
        assert world.program is before

    with meddling(monkeypatch, at, name, go_on):
        rebuild(world, "active", "spenders", "local", move=False)
    for each in ("active", "spenders", "local"):
        assert world.members(each) == world.oracle.members(each, world.now_ms)
    with world.connect("tests") as connection:
        move_all(connection, world.redis, world.vault)
    world.check()
    world.check_transitions()
    world.pass_time(DAY)
    world.check()
    world.check_transitions()


def test_who_is_touched_before_the_mover_comes_is_moved_on_the_way(live_world: World) -> None:
    world = filled(live_world)
    redefined(world, active="quiet", local="elsewhere")
    rebuild(world, "active", "local", move=False)
    waiting = staged(world)
    world.put(random_events(random.Random(3), world.now_ms, CUSTOMERS[:10], 60))
    world.drain()
    assert staged(world) < waiting
    with world.connect("tests") as connection:
        move_all(connection, world.redis, world.vault)
    assert staged(world) == 0
    world.check()
    world.check_transitions()


def test_the_same_segment_is_not_rebuilt_twice_at_once(live_world: World) -> None:
    world = filled(live_world)
    with world.connect("tests") as other, hold_leases(other, ["active"]):
        with pytest.raises(RebuildRunningError, match="`active` is being rebuilt"):
            rebuild(world, "active", "local")
        rebuild(world, "local")
    rebuild(world, "active", "local")
    world.check()


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("rounds", range(6))
def test_a_rebuild_that_fails_leaves_everything_as_it_was(
    rounds: int, live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = filled(live_world)
    before = world.program
    redefined(world, active="quiet", local="elsewhere")
    after = world.program

    def fail() -> None:
        raise Killed

    at, name = [*STEPS[:2], (Stage, "_copy"), (Stage, "_add"), (Stage, "take"), (Stage, "close")][rounds]
    with meddling(monkeypatch, at, name, fail), pytest.raises(Killed):
        rebuild(world, "active", "local")
    world.program = world.oracle.program = before
    world.check()
    with world.connect("tests") as connection:
        assert not any(each.building for each in read_segments(connection).values())
    assert staged(world) == 0
    world.program = world.oracle.program = after
    rebuild(world, "active", "local")
    world.check()
    world.check_transitions()


def test_a_definition_knows_its_lists(live_world: World) -> None:
    world = filled(live_world)
    definition: Definition = definition_of(world.program, "chosen")
    assert list(definition.lists.values()) == [("c-1", "c-4")]
    redefined(world, spenders="chosen")
    rebuild(world, "spenders")
    world.check()


def test_recovery_finds_nothing_where_nothing_was_interrupted(live_world: World) -> None:
    world = filled(live_world)
    with world.connect("tests") as connection:
        assert recover(connection, world.redis, world.vault, lambda: world.now_ms) == []


def test_definitions_change_again_and_again_while_events_flow(live_world_anywhere: World) -> None:
    world = live_world_anywhere
    filled(world)
    random_ = random.Random(11)
    original = dict(world.program.segments)
    worker = world.worker()
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        for turn in range(4):
            world.put(random_events(random_, world.now_ms, CUSTOMERS, 40))
            other = "quiet" if turn % 2 == 0 else "active"
            segments = {**original, "active": original[other], "local": original["few" if turn % 3 else "local"]}
            world.program = world.oracle.program = replace(world.program, segments=segments)
            world.put(random_events(random_, world.now_ms, CUSTOMERS, 40))
            rebuild(world, "active", "local", move=turn % 2 == 1)
    finally:
        worker.stop()
        thread.join()
    world.drain()
    with world.connect("tests") as connection:
        move_all(connection, world.redis, world.vault)
    world.check()
    world.check_transitions()


def test_a_reader_sees_one_set_or_the_other(live_world: World) -> None:
    world = filled(live_world)
    stop = threading.Event()
    seen: set[frozenset[bytes]] = set()

    def read() -> None:
        while not stop.is_set():
            seen.add(frozenset(world.redis.smembers(keys.members("active"))))

    reader = threading.Thread(target=read)
    before = frozenset(world.redis.smembers(keys.members("active")))
    reader.start()
    try:
        redefined(world, active="quiet")
        rebuild(world, "active")
    finally:
        stop.set()
        reader.join()
    assert seen <= {before, frozenset(world.redis.smembers(keys.members("active")))}


def test_a_set_that_redis_has_lost_meanwhile_is_never_switched_in(
    live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = filled(live_world)
    before = world.members("local")
    redefined(world, local="elsewhere")

    def lose() -> None:
        assert world.redis.delete(keys.next_members("local"))

    with meddling(monkeypatch, Stage, "_copy", lose), pytest.raises(SetLostError, match="`local`; rebuild it again"):
        rebuild(world, "local")
    assert world.members("local") == before
    assert rebuild(world, "local")["local"].entered > 0
    world.check()


def test_nothing_is_switched_while_a_worker_owns_a_partition_and_does_not_publish(
    live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = filled(live_world)
    redefined(world, local="elsewhere")
    before = world.members("local")
    with world.connect("idle") as idle:
        assert all(take_ownership(idle, number) for number in range(16))
        idle.execute("UPDATE partition SET seq = seq + 1 WHERE number = 3")
        idle.execute("INSERT INTO outbox SELECT 3, seq, 'c-1', 'change' FROM partition WHERE number = 3")
        with monkeypatch.context() as soon:
            soon.setattr(settle, "__defaults__", (0.5,))  # seconds, of which there are ten
            with pytest.raises(NotPublishedError, match="partitions 3 do not reach Redis"):
                rebuild(world, "local")
    assert world.members("local") == before
    rebuild(world, "local")
    world.check()


def test_a_set_that_redis_lost_before_the_switch_is_not_switched_in(
    live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = filled(live_world)
    run = Switch.run

    def lossy(switch: Switch, *given: Any) -> dict[str, int]:
        world.redis.delete(keys.next_members("elsewhere"))
        return run(switch, *given)

    monkeypatch.setattr(Switch, "run", lossy)
    with pytest.raises(SetLostError):
        rebuild(world, "elsewhere")
    world.check()
    monkeypatch.undo()
    rebuild(world, "elsewhere")
    world.check()
