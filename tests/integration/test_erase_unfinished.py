"""Open erasures are gone on with, whatever becomes of one of them."""

from __future__ import annotations

import threading
from collections.abc import Collection

import pytest
from psycopg import Connection

from engine.erasure import stage
from engine.erasure.erasure import Erasure, pending
from engine.erasure.notices import Notices
from engine.erasure.stage import ErasureStage
from engine.stages.stage import Turn
from engine.storage.partitions import PARTITIONS
from tests.integration.test_erase import erasure_of
from tests.live_world import World
from tests.sealed_world import events

CUSTOMERS = ["c-0", "c-1", "c-2"]


def test_one_that_raises_lets_the_others_and_the_notices_come(
    sealed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sealed_world
    world.put(events(range(4)))
    world.drain()
    with world.connect("tests") as connection:
        erasure = erasure_of(world, connection)
        for each in CUSTOMERS:
            erasure._begin(each, world.now_ms, erasure._rows(each))
        first = pending(connection)[0]
    looked = []
    go_on, look = Erasure.go_on, Notices.step
    failing = True

    def failing_first(self: Erasure, customer: str) -> object:
        if failing and customer == first:
            raise ArithmeticError
        return go_on(self, customer)

    def looking(self: Notices, connection: Connection, partitions: Collection[int], now_ms: int) -> bool:
        looked.append(now_ms)
        return look(self, connection, partitions, now_ms)

    monkeypatch.setattr(Erasure, "go_on", failing_first)
    monkeypatch.setattr(Notices, "step", looking)
    monkeypatch.setattr(stage, "LONGEST_PAUSE", 3_600.0)
    ending = ErasureStage(
        lambda connection, _pause: erasure_of(world, connection), Notices(world.redis), lambda: world.now_ms
    )
    turn = Turn(world.connect("tests"), range(PARTITIONS), threading.Event())
    with pytest.raises(ArithmeticError):
        ending.step(turn)
    ending._waits[first].until += 3_600  # however slow the others are
    assert [ending.step(turn) for _ in range(3)] == [True, True, False]
    assert looked
    with world.connect("tests") as connection:
        assert pending(connection) == [first]
    failing = False
    ending._put_off(first, 5_000)  # as after days
    ending._waits[first].until = 0.0
    assert ending.step(turn)
    with world.connect("tests") as connection:
        assert pending(connection) == []
    turn.connection.close()
