"""Housekeeping between events: throws away what everybody has read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from ..index.cursors import abandon, passed_by_all
from ..profiles.outbox import prune_outbox

if TYPE_CHECKING:
    from .session import Session

TIDY_SECONDS: Final = 60.0
PRUNE_SECONDS: Final = 2.0  # until every partition has had its turn
OUTBOX_MS: Final = 3_600_000  # how long changes stay in the outbox, so that an older Redis can be brought forward


class Housekeeping:
    """Prunes the outbox and trims the queues, one small step at a time."""

    def __init__(self) -> None:
        self._next_tidying = self._next_pruning = 0.0
        self._turn = 0

    def step(self, session: Session) -> None:
        """One small step, if it is time for one."""
        if time.monotonic() >= self._next_tidying and session.owned:
            self._next_tidying = time.monotonic() + TIDY_SECONDS
            abandon(session.connection)
        if time.monotonic() >= self._next_pruning and session.owned:
            self._prune(session)
        session.queue.trim()  # where no event comes any more, the last ones must go too

    def _prune(self, session: Session) -> None:
        """One partition a call, so that events do not wait for the others."""
        published = session.publisher.published
        if published:
            self._turn += 1
            number = sorted(published)[self._turn % len(published)]
            passed = passed_by_all(session.connection, {number: published[number]})
            prune_outbox(session.connection, OUTBOX_MS, passed)
        self._next_pruning = time.monotonic() + PRUNE_SECONDS / max(1, len(published))
