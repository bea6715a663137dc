"""Somebody's word beats the conditions, through every change and rebuild, and ends on time; the past stays askable."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from engine.ir.instant import format_instant
from engine.rebuilds.audit import BusyError, reconcile
from engine.rebuilds.mover import move_all
from engine.segments.explaining import UnexplainedError, explain_membership
from engine.segments.history import count_at, history, members_at, names_ever, status
from engine.segments.overrides import StoredOverride, override_of
from engine.segments.registry import definition_of, read_registry
from engine.storage.partitions import partition_of, take_ownership
from engine.worker.overrides import OverrideRefusedError, Overrides
from engine.worker.transaction import Processor
from tests.integration.test_segments_rebuild import CUSTOMERS, filled, rebuild, redefined
from tests.live_world import DAY, World, random_events


@contextmanager
def overrides(world: World) -> Iterator[Overrides]:
    """What puts overrides, as a command does."""
    with world.connect("decisor") as connection:
        yield Overrides(Processor(connection, world.vault), world.redis)


def put(world: World, segment: str, customer: str, *, included: bool, days: int | None = None) -> bool:
    """Put an override, perhaps for some days; whether membership has changed."""
    until = None if days is None else format_instant(world.now_ms + days * DAY)
    now = format_instant(world.now_ms)
    with overrides(world) as found:
        done = found.put(StoredOverride(segment, customer, included, "because", now, until), world.now_ms)
    assert done.followed
    return done.moved


def one_of(world: World, segment: str, *, member: bool) -> str:
    """A customer who is in a segment, or is not."""
    members = world.members(segment)
    return min(each for each in world.oracle.events if (each in members) is member)


def test_somebody_put_in_stays_in_through_events_and_rebuilds(live_world_anywhere: World) -> None:
    world = filled(live_world_anywhere)
    customer = one_of(world, "local", member=False)
    assert put(world, "local", customer, included=True)
    assert not put(world, "local", customer, included=True)
    assert customer in world.members("local")
    world.put(random_events(random.Random(8), world.now_ms, CUSTOMERS, 80))
    world.drain()
    assert customer in world.members("local")
    rebuild(world, "local")
    assert world.members("local") == world.oracle.members("local", world.now_ms) | {customer}
    redefined(world, local="quiet")
    rebuild(world, "local")
    assert world.members("local") == world.oracle.members("local", world.now_ms) | {customer}
    with overrides(world) as found:
        found.restore("local", customer, world.now_ms)
    world.check()
    world.check_transitions()


def test_somebody_kept_out_stays_out_until_the_instant(live_world: World) -> None:
    world = filled(live_world)
    customer = one_of(world, "few", member=True)
    assert put(world, "few", customer, included=False, days=2)
    rebuild(world, "few")
    assert world.members("few") == world.oracle.members("few", world.now_ms) - {customer}
    world.pass_time(2 * DAY - 1)
    assert customer not in world.members("few")
    world.pass_time(1)
    world.check()
    world.check_transitions()
    reasons = [(row[2], row[4]) for row in world.transitions() if row[:2] == ("few", customer)]
    assert (2, "manual") in reasons


def test_an_override_is_refused_where_there_is_nothing_to_override(live_world: World) -> None:
    world = filled(live_world)
    with pytest.raises(OverrideRefusedError, match="no such customer"):
        put(world, "local", "nobody", included=True)
    with pytest.raises(OverrideRefusedError, match="`other` does not run"):
        put(world, "other", CUSTOMERS[0], included=True)
    with pytest.raises(OverrideRefusedError, match="has passed"):
        put(world, "local", CUSTOMERS[0], included=True, days=-1)
    for blank in ("", " \n"):
        override = StoredOverride("local", CUSTOMERS[0], included=True, reason=blank, created_at="", expires_at=None)
        with overrides(world) as found, pytest.raises(OverrideRefusedError, match="the reason is empty"):
            found.put(override, world.now_ms)
    with overrides(world) as found, pytest.raises(OverrideRefusedError, match="no override"):
        found.restore("local", CUSTOMERS[0], world.now_ms)
    with world.connect("tests") as connection:
        assert override_of(connection, "local", CUSTOMERS[0]) is None


def test_it_is_known_that_redis_has_not_followed(live_world: World) -> None:
    world = filled(live_world)
    customer = one_of(world, "local", member=False)
    now = format_instant(world.now_ms)
    put_in = StoredOverride("local", customer, included=True, reason="because", created_at=now, expires_at=None)
    with world.connect("a worker that stands still") as owner, world.connect("decisor") as connection:
        assert take_ownership(owner, partition_of(customer))
        found = Overrides(Processor(connection, world.vault), world.redis, seconds=0)
        done = found.put(put_in, world.now_ms)
        assert (done.moved, done.followed) == (True, False)
        assert customer not in world.members("local")
        with pytest.raises(BusyError, match="do not reach this Redis, although a worker owns the partition"):
            reconcile(connection, world.redis, world.vault, world.now_ms, seconds=0)
    with overrides(world) as found:
        assert found.put(put_in, world.now_ms).followed
    assert customer in world.members("local")


def test_members_at_an_instant_are_those_whom_the_set_had_then(live_world: World) -> None:
    world = filled(live_world)
    seen = []
    for _ in range(6):
        seen.append((world.now_ms, {name: world.members(name) for name in ("active", "few", "local")}))
        world.now_ms += 1
        world.put(random_events(random.Random(world.now_ms), world.now_ms, CUSTOMERS, 30))
        world.pass_time(DAY)
    redefined(world, local="quiet")
    rebuild(world, "local", move=False)
    seen.append((world.now_ms, {name: world.members(name) for name in ("active", "few", "local")}))
    with world.connect("tests") as connection:
        for _ in range(2):
            for at_ms, wanted in seen:
                for name, members in wanted.items():
                    assert list(members_at(connection, name, at_ms)) == sorted(members)
                    assert count_at(connection, name, at_ms) == len(members)
            move_all(connection, world.redis, world.vault)
        assert names_ever(connection) == sorted(world.program.segments)


def test_a_history_alternates_and_ends_where_the_set_is(live_world: World) -> None:
    world = filled(live_world)
    redefined(world, local="quiet")
    rebuild(world, "local", move=False)
    with world.connect("tests") as connection:
        for customer in world.oracle.events:
            moves = [each for each in history(connection, customer) if each.segment == "local"]
            assert [each.entered for each in moves] == [place % 2 == 0 for place in range(len(moves))]
            assert bool(moves and moves[-1].entered) is (customer in world.members("local"))
        before = {customer: history(connection, customer) for customer in world.oracle.events}
        move_all(connection, world.redis, world.vault)
        for customer, moves in before.items():
            after = history(connection, customer)
            assert [(each.segment, each.entered, each.at) for each in after] == [
                (each.segment, each.entered, each.at) for each in moves
            ]
            assert all(each.number is not None for each in after)


def test_status_tells_what_runs_and_what_differs(live_world: World) -> None:
    world = filled(live_world)
    redefined(world, local="quiet")
    wanted = {name: definition_of(world.program, name) for name in world.program.segments if name != "tagged"}
    wanted["newcomer"] = wanted["active"]
    put(world, "few", one_of(world, "few", member=True), included=False)
    with world.connect("tests") as connection:
        found = {each.name: each for each in status(connection, world.redis, world.now_ms, wanted)}
    assert found["newcomer"].state == "absent"
    assert {name for name, each in found.items() if each.differs} == {"local", "tagged", "newcomer"}
    assert found["few"].overrides == 1
    assert found["active"].members == len(world.members("active"))
    assert found["active"].state == "running"


def test_an_explanation_agrees_with_membership(live_world: World) -> None:
    world = filled(live_world)
    excluded = one_of(world, "few", member=True)
    put(world, "few", excluded, included=False)
    with world.connect("tests") as connection:
        registry = read_registry(connection, world.vault)
        for name in world.program.segments:
            members = world.members(name)
            for customer in list(world.oracle.events)[:12]:
                found = explain_membership(connection, world.vault, registry, (name, customer, world.now_ms))
                assert found["holds"] is world.oracle.holds(name, customer, world.now_ms)
                assert found["member"] is found["wanted"] is (customer in members)
        found = explain_membership(connection, world.vault, registry, ("few", excluded, world.now_ms))
        assert found["holds"]
        assert not found["wanted"]
        assert found["override"]["reason"] == "because"
        with pytest.raises(UnexplainedError, match="no such customer"):
            explain_membership(connection, world.vault, registry, ("few", "nobody", world.now_ms))
        with pytest.raises(UnexplainedError, match="does not run"):
            explain_membership(connection, world.vault, registry, ("other", excluded, world.now_ms))


def test_each_override_put_by_the_same_hand_counts(live_world: World) -> None:
    world = filled(live_world)
    customer = one_of(world, "tagged", member=False)
    at = format_instant(world.now_ms)
    with overrides(world) as found:
        for included in (True, False, True):
            assert found.put(StoredOverride("tagged", customer, included, "a try", at, None), world.now_ms).moved
            assert (customer in world.members("tagged")) is included
