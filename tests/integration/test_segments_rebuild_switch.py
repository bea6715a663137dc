"""The end of a rebuild: what is left for the moment of the switch, and in which order of time transitions stand."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from engine.ir.instant import format_instant
from engine.rebuilds import switching
from engine.rebuilds.staging import Filling
from engine.rebuilds.switching import Switch
from engine.storage import keys
from engine.storage.partitions import lock_partitions
from tests.integration.test_segments_rebuild import filled, rebuild, redefined
from tests.live_world import DAY, World

MINUTE = 60_000
INSERT = (
    "INSERT INTO live_verdict (segment, profile, member) SELECT %s, 'v-' || number, true"
    " FROM unnest(%s::integer[]) AS given (number) ON CONFLICT DO NOTHING"
)


class Arriving:
    """Verdicts of customers who are touched while a rebuild catches up: some at first, and some after each round."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch, first: int, each: int, pool: int) -> None:
        self.left: list[int] = []
        self.rounds: list[int] = []
        source = random.Random(1)
        catch_up, lay_over, lock_all = Switch._catch_up, Switch._lay_over, Switch._run_locked
        connection = world.connect("tests")
        catching: list[str] = []

        def arrive(segment: str, numbers: Sequence[int]) -> None:
            connection.execute(INSERT, (segment, list(numbers)))

        def catching_up(switch: Switch, fillings: Sequence[Filling]) -> None:
            catching.extend(filling.name for filling in fillings)
            for name in catching:
                arrive(name, range(first))
            catch_up(switch, fillings)
            catching.clear()

        def locking_some(mine: Any, numbers: Any) -> Any:
            for name in catching:
                arrive(name, [source.randrange(pool) for _ in range(each)])
            return lock_partitions(mine, numbers)

        def laying_over(switch: Switch, filling: Filling, key: str, verdicts: Any) -> None:
            if catching:
                self.rounds.append(len(verdicts))
            lay_over(switch, filling, key, verdicts)

        def locking_all(switch: Switch, work: Any, fillings: Any) -> Any:
            row = connection.execute("SELECT count(*) FROM live_verdict").fetchone()
            connection.close()
            self.left.append(row[0] if row else 0)
            return lock_all(switch, work, fillings)

        monkeypatch.setattr(Switch, "_catch_up", catching_up)
        monkeypatch.setattr(switching, "lock_partitions", locking_some)
        monkeypatch.setattr(Switch, "_lay_over", laying_over)
        monkeypatch.setattr(Switch, "_run_locked", locking_all)


def test_however_many_verdicts_there_are_few_are_left_for_the_moment_of_the_switch(
    live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = filled(live_world)
    monkeypatch.setattr(switching, "ROUND", 40)
    arriving = Arriving(world, monkeypatch, first=12_000, each=2, pool=100)
    before = len(world.members("spenders"))
    found = rebuild(world, "spenders", "few", move=False)
    assert len(arriving.rounds) > 600
    assert arriving.left[0] <= switching.FEW
    assert found["spenders"].members == before + 12_000 == len(world.members("spenders"))
    assert world.redis.scard(keys.members("few")) == found["few"].members


def test_what_comes_in_as_fast_as_it_is_laid_over_is_caught_up_with_in_longer_rounds(
    live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = filled(live_world)
    monkeypatch.setattr(switching, "ROUND", 100)
    arriving = Arriving(world, monkeypatch, first=1_000, each=300, pool=1_000)
    rebuild(world, "spenders", move=False)
    assert max(arriving.rounds) > 300
    assert arriving.left[0] <= 300


def test_what_cannot_be_caught_up_with_does_not_go_on_for_ever(
    live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = filled(live_world)
    monkeypatch.setattr(switching, "ROUND", 100)
    monkeypatch.setattr(switching, "LARGE_ROUND", 200)
    arriving = Arriving(world, monkeypatch, first=1_000, each=1_000, pool=1_000)
    rebuild(world, "spenders", move=False)
    assert 0 < arriving.left[0] <= 1_000
    assert world.redis.scard(keys.members("spenders")) == len(world.members("spenders")) >= 1_000


def customer_at_two_instants(world: World) -> None:
    """Time moves c-1 twice, a minute apart: into `trial_over`, and out of `active`."""
    end = world.now_ms + 5 * DAY
    sent = {"customer_id": "c-1", "time": format_instant(world.now_ms)}
    world.put(
        [
            {"id": "e-1", "type": "purchase", "data": {"amount": 60.0}, **sent},
            {"id": "e-2", "type": "$set", "data": {"trial_ends": format_instant(end - DAY - MINUTE)}, **sent},
        ]
    )
    world.drain()
    world.pass_time(5 * DAY - 2 * MINUTE)
    world.now_ms = end + MINUTE


def test_a_worker_that_lags_behind_a_rebuild_appends_nothing_that_happened_before(live_world: World) -> None:
    world = live_world
    customer_at_two_instants(world)
    rebuild(world, "active", move=False)
    world.drain()
    world.check()
    world.check_transitions()
    moves = [row for row in world.transitions() if row[:2] == ("active", "c-1")]
    assert [row[2:4] for row in moves] == [(1, world.now_ms - 5 * DAY - MINUTE), (2, world.now_ms)]


@pytest.mark.parametrize("moved_by", ["the mover", "events"])
def test_what_a_rebuild_with_a_slow_clock_decides_is_told_after_what_came_before(
    moved_by: str, live_world: World
) -> None:
    world = filled(live_world)
    now_ms = world.now_ms
    redefined(world, spenders="few", busy="quiet")
    world.now_ms -= DAY
    rebuild(world, "spenders", "busy", move=False)
    world.now_ms = now_ms
    if moved_by == "events":
        names = sorted(world.oracle.events)
        sent = {"type": "visit", "time": format_instant(now_ms), "data": {"page": "home"}}
        world.put({"id": f"t-{name}", "customer_id": name, **sent} for name in names)
    world.drain()
    world.check()
    world.check_transitions()
    assert any(row[4] == "definition" for row in world.transitions())
