"""The worker's stage that brings the changes of profiles into the search index."""

from __future__ import annotations

from typing import Final

from ..stages.stage import StageWaitsError, Turn
from .follower import IDLE_SECONDS, IndexFollower
from .outages import reason_of


class IndexStage:
    """Lets a follower follow the outbox for the partitions of one worker."""

    name: Final = "index"
    scope: Final = "partitions"
    period: Final = IDLE_SECONDS

    def __init__(self, follower: IndexFollower) -> None:
        self._follower = follower

    def step(self, turn: Turn) -> bool:
        """Bring a bounded number of changes into the indices."""
        self._follower.attach(turn.connection, turn.stop)
        try:
            return self._follower.step(turn.partitions) > 0
        except Exception as problem:
            reason = reason_of(problem)
            if reason is None:
                raise
            raise StageWaitsError(reason) from problem

    def drain(self, turn: Turn) -> None:
        """Bring everything into the live index. Raises IndexRefusedError where it does not fit the catalogue."""
        self._follower.attach(turn.connection, turn.stop)
        while self._follower.step(turn.partitions) and not turn.stop.is_set():
            pass
        self._follower.catch_up()

    def close(self) -> None:
        """Close the connection, and forget the state of the indices."""
        self._follower.close()
