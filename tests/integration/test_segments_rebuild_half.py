"""Rebuilds that fail at the moment of the switch: of several segments each is switched wholly or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from engine.encryption.vault import Vault
from engine.rebuilds import switching
from engine.rebuilds.interrupted import recover
from engine.rebuilds.lease import notes
from engine.rebuilds.mover import move_all
from engine.rebuilds.staging import Filling, SetLostError
from engine.rebuilds.switching import NotPublishedError, Switch
from engine.segments.claim import SegmentBusyError
from engine.segments.registry import read_segments
from engine.segments.sets import switch_whole
from engine.storage import keys
from engine.storage.partitions import PARTITION_LOCK, take_ownership
from engine.worker.publish import Publisher, settle
from tests.integration.test_segments_rebuild import filled, rebuild, redefined, staged
from tests.live_world import DAY, World


class Killed(BaseException):
    """The process is gone."""


def unfinished(world: World) -> tuple[int, list[str], list[bytes]]:
    """How many definitions are being filled, whose rebuild has left a note, and the marks of switches."""
    with world.connect("tests") as connection:
        building = sum(each.building is not None for each in read_segments(connection).values())
        return building, sorted(notes(connection)), world.redis.keys("*:switched")


def killed_behind_the_switch(world: World, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """A rebuild that ends after it has switched the first set in Redis and before PostgreSQL commits."""

    def die(_switch: Switch, _filling: Filling) -> int:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Switch, "_commit", die)
        with pytest.raises(Killed):
            rebuild(world, *names)


def test_where_one_set_is_lost_none_is_switched(live_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = filled(live_world)
    before, old = {name: world.members(name) for name in ("active", "local")}, world.program
    redefined(world, active="quiet", local="elsewhere")
    new = world.program
    catch_up = Switch._catch_up

    def lose(switch: Switch, fillings: Sequence[Filling]) -> None:
        catch_up(switch, fillings)
        world.redis.delete(keys.next_members("local"))

    with monkeypatch.context() as patch:
        patch.setattr(Switch, "_catch_up", lose)
        with pytest.raises(SetLostError, match=r"of `local`; rebuild it again$"):
            rebuild(world, "active", "local")
    assert {name: world.members(name) for name in before} == before
    assert unfinished(world) == (0, [], [])
    assert staged(world) == 0
    world.program = world.oracle.program = old
    world.check()
    world.program = world.oracle.program = new
    rebuild(world, "active", "local")
    world.check()
    world.check_transitions()


def test_what_is_switched_when_a_set_is_lost_in_that_very_moment_is_ended_and_told(
    live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = filled(live_world)
    old = world.members("local")
    original = world.program.segments["local"]
    redefined(world, active="quiet", local="elsewhere")

    def lose(redis: Any, name: str, *told: Any) -> int:
        if name == "local":
            world.redis.delete(keys.next_members("local"))
        return switch_whole(redis, name, *told)

    with monkeypatch.context() as patch:
        patch.setattr(switching, "switch_whole", lose)
        with pytest.raises(SetLostError, match=r"of `local`; rebuild it again; switched in nevertheless: `active`$"):
            rebuild(world, "active", "local")
    assert world.members("local") == old
    assert unfinished(world) == (0, [], [])
    with world.connect("tests") as connection:
        move_all(connection, world.redis, world.vault)
    wanted = world.program
    world.program = world.oracle.program = replace(wanted, segments={**wanted.segments, "local": original})
    world.check()
    world.check_transitions()
    world.pass_time(DAY)
    world.check()
    world.program = world.oracle.program = wanted
    rebuild(world, "local")
    world.check()
    world.check_transitions()


def others_go_on(world: World, monkeypatch: pytest.MonkeyPatch, at: Any, name: str) -> None:
    """Let the claim on `local` be somebody else's just before a step of the switch."""
    step = getattr(at, name)

    def stand_still(*told: Any) -> int:
        world.redis.set(keys.claim("local"), "somebody")
        return int(step(*told))

    monkeypatch.setattr(at, name, stand_still)


@pytest.mark.parametrize("at, name", [(Switch, "_whole"), (switching, "switch_whole")])
def test_a_rebuild_that_took_so_long_that_others_went_on_switches_nothing(
    at: Any, name: str, live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = filled(live_world)
    before = world.members("local")
    redefined(world, local="elsewhere")
    with monkeypatch.context() as patch:
        others_go_on(world, patch, at, name)
        with pytest.raises(SegmentBusyError, match="`local`: this process was suspended"):
            rebuild(world, "local")
    assert world.members("local") == before
    assert unfinished(world) == (0, [], [])
    assert world.redis.get(keys.claim("local")) == b"somebody"
    world.redis.delete(keys.claim("local"))
    rebuild(world, "local")
    world.check()


def test_a_switch_that_a_worker_cannot_end_yet_is_ended_later(
    live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = filled(live_world)
    redefined(world, local="elsewhere")
    killed_behind_the_switch(world, monkeypatch, "local")
    left = unfinished(world)
    assert left == (1, ["local"], [keys.switch_mark("local").encode()])

    def hurried(session: psycopg.Connection, redis: Any, upto: dict[int, int], vault: Vault, _: float = 0) -> list[int]:
        return settle(session, redis, upto, vault, 0.1)

    monkeypatch.setattr(switching, "settle", hurried)
    with world.connect("tests") as connection, world.connect("idle") as idle:
        assert all(take_ownership(idle, number) for number in range(16))
        idle.execute("UPDATE partition SET seq = seq + 1 WHERE number = 3")
        idle.execute("INSERT INTO outbox SELECT 3, seq, 'c-1', 'change' FROM partition WHERE number = 3")
        assert recover(connection, world.redis, world.vault, lambda: world.now_ms) == []
        with pytest.raises(NotPublishedError):
            rebuild(world, "local")
        assert unfinished(world) == left
    with world.connect("tests") as connection:
        assert recover(connection, world.redis, world.vault, lambda: world.now_ms) == ["local"]
        move_all(connection, world.redis, world.vault)
    assert unfinished(world) == (0, [], [])
    world.check()
    world.check_transitions()


def test_what_fails_while_a_switch_publishes_is_told_and_no_partition_is_kept(
    live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = filled(live_world)
    with world.connect("tests") as connection:
        connection.execute("UPDATE partition SET seq = seq + 1 WHERE number = 3")
        connection.execute("INSERT INTO outbox SELECT 3, seq, 'c-1', 'change' FROM partition WHERE number = 3")
        rows: dict[int, int] = dict(connection.execute("SELECT number, seq FROM partition").fetchall())

        def fail(_publisher: Publisher, _partition: int) -> None:
            connection.execute("SELECT 1 / 0")

        monkeypatch.setattr(Publisher, "adopt", fail)
        with pytest.raises(psycopg.errors.DivisionByZero), connection.transaction():
            settle(connection, world.redis, rows, world.vault)
        assert owned(world) == 0
        with pytest.raises(psycopg.errors.DivisionByZero):
            settle(connection, world.redis, rows, world.vault)
        assert owned(world) == 0
        monkeypatch.undo()
        with connection.transaction():
            assert settle(connection, world.redis, rows, world.vault) == []
        assert owned(world) == 0
    world.check()


def owned(world: World) -> int:
    """How many partitions somebody owns."""
    with world.connect("looking") as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND classid = %s"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            (PARTITION_LOCK,),
        ).fetchone()
    return row[0] if row else 0
