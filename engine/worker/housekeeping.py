"""Housekeeping between events: deletes what every reader has read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from ..index.cursors import abandon, passed_by_all
from ..profiles.outbox import prune_outbox

if TYPE_CHECKING:
    from .session import Session

TIDY_SECONDS: Final = 60.0
PRUNE_SECONDS: Final = 2.0  # for one round through all partitions
OUTBOX_MS: Final = 3_600_000  # how long changes stay in the outbox, so that a Redis restored from a backup can catch up


class Housekeeping:
    """Prunes the outbox and trims the queues, one small step at a time."""

    def __init__(self) -> None:
        self._next_tidying = self._next_pruning = 0.0
        self._turn = 0

    def step(self, session: Session) -> None:
        """Take one small step, if it is time for one."""
        if time.monotonic() >= self._next_tidying and session.owned:
            self._next_tidying = time.monotonic() + TIDY_SECONDS
            abandon(session.connection)
        if time.monotonic() >= self._next_pruning and session.owned:
            self._prune(session)
        session.queue.trim()  # when no more events arrive, the last entries must be removed too

    def _prune(self, session: Session) -> None:
        """Prune one partition per call, so that events do not wait for the others."""
        published = session.publisher.published_numbers
        if published:
            self._turn += 1
            number = sorted(published)[self._turn % len(published)]
            passed = passed_by_all(session.connection, {number: published[number]})
            prune_outbox(session.connection, OUTBOX_MS, passed)
        self._next_pruning = time.monotonic() + PRUNE_SECONDS / max(1, len(published))
