"""The worker's stage that finishes rebuilds: turns their decisions into transitions, cleans up after killed ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ..encryption.vault import Vault
from ..stages.stage import Turn
from ..storage.redis_protocol import RedisClient
from ..worker.publish import settle
from .interrupted import recover
from .mover import Mover, move_all

if TYPE_CHECKING:
    from psycopg import Connection

MOVE_SECONDS: Final = 0.5  # between checks for rows to move
RECOVER_SECONDS: Final = 60.0


class RebuildStage:
    """Moves decisions of rebuilds, a bounded number of customers per step, each step published before the next."""

    name: Final = "mover"
    scope: Final = "owner"
    period: Final = MOVE_SECONDS

    def __init__(self, redis: RedisClient, vault: Vault, now_ms: Callable[[], int]) -> None:
        self._redis, self._vault, self._now_ms = redis, vault, now_ms
        self._mover: tuple[Connection, Mover] | None = None
        self._next_recovery = 0.0

    def step(self, turn: Turn) -> bool:
        """Append some transitions and wait until they are published; returns whether there were any."""
        if time.monotonic() >= self._next_recovery:
            self._next_recovery = time.monotonic() + RECOVER_SECONDS
            recover(turn.connection, self._redis, self._vault, self._now_ms)
        if self._mover is None or self._mover[0] is not turn.connection:
            self._mover = turn.connection, Mover(turn.connection)
        last = self._mover[1].move()
        settle(turn.connection, self._redis, last, self._vault)
        return bool(last)

    def drain(self, turn: Turn) -> None:
        """Move everything."""
        move_all(turn.connection, self._redis, self._vault)

    def close(self) -> None:
        """Release the connection."""
        self._mover = None
