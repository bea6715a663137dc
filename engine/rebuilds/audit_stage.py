"""The worker's stage that audits at a low rate, round after round."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ..index.audit import IndexAudit
from ..segments.sets import customers_in
from ..stages.outages import is_outage, place
from ..stages.stage import Turn
from ..storage.redis_protocol import RedisClient
from ..worker.load import next_profiles
from ..worker.publish import settle
from ..worker.transaction import Outcome, Processor
from .audit import Audit, Divergence

if TYPE_CHECKING:
    from psycopg import Connection

LOG: Final = logging.getLogger("decisor.audit")
AUDIT_SECONDS: Final = 0.5 / 3  # between steps, which alternate between three kinds …
AUDIT_CUSTOMERS: Final = 5  # … and are small, since a partition's events wait for them
_TRIES, _PAUSE = 5, 0.005  # for a page with changes in progress; seconds


class AuditStage:
    """Compares the customers of one worker's partitions; `index` compares the search index too, if there is one."""

    name: Final = "audit"
    scope: Final = "partitions"
    period: Final = AUDIT_SECONDS

    def __init__(
        self,
        redis: RedisClient,
        open_processor: Callable[[Connection], Processor],
        now_ms: Callable[[], int],
        index: IndexAudit | None = None,
    ) -> None:
        self._redis = redis
        self._open_processor = open_processor
        self._now_ms = now_ms
        self._rounds = Rounds(redis, index)
        self._processor: Processor | None = None

    def step(self, turn: Turn) -> bool:
        """Compare and repair a few customers."""
        processor = self._processor
        if processor is None or processor.connection is not turn.connection:
            processor = self._processor = self._open_processor(turn.connection)

        def publish(outcome: Outcome) -> None:
            settle(turn.connection, self._redis, outcome.after, processor.vault)

        self._rounds.step(processor, turn.partitions, self._now_ms(), publish)
        return False

    def drain(self, turn: Turn) -> None:
        """Do nothing: rounds never end, and the audit leaves no work waiting."""

    def close(self) -> None:
        """Release the connection."""
        self._processor = None


class Rounds:
    """The audit at a low rate: one page of one partition at a time, round after round; `found` is the running total."""

    def __init__(self, redis: RedisClient, index: IndexAudit | None = None, *, limit: int = AUDIT_CUSTOMERS) -> None:
        self._redis, self._index = redis, index
        self._limit = limit
        self._after: dict[int, str] = {}
        self._turn = self._step = 0
        self._scanning = (0, 0)
        self._customers: Iterator[list[str]] = iter(())
        self.found = Divergence()

    def step(
        self, processor: Processor, owned: Collection[int], now_ms: int, publish: Callable[[Outcome], None]
    ) -> None:
        """Take one small step: customers of an owned partition, part of a set, or serving copies, in turn.

        What cannot be compared is skipped until the next round, so that the rest does not wait for it.
        """
        steps = (self._page, self._strangers, self._unknown)
        self._step += 1
        audit = Audit(processor, self._redis, processor.vault, publish, self._index)
        try:
            found = steps[self._step % len(steps)](audit, processor, sorted(owned), now_ms)
        except Exception as problem:
            if is_outage(problem):
                raise
            # Without the exception's own text, which may contain values.
            LOG.error("the audit skips what it cannot compare: %s", place(problem))  # noqa: TRY400 - see above
            return
        if found.differences:
            LOG.warning("the audit found and repaired %d differences", found.differences)
        self.found.add(found)

    def _page(self, audit: Audit, processor: Processor, owned: Sequence[int], now_ms: int) -> Divergence:
        partition = owned[self._turn % len(owned)]
        self._turn += 1
        after = self._after.get(partition, "")
        passed = next_profiles(processor.connection, partition, after, self._limit)
        self._after[partition] = passed[-1] if passed else ""  # where it continues if this page fails
        page, last = audit.page(partition, after, now_ms, self._limit, whole=False)
        for _ in range(_TRIES if passed else 0):
            if last != after:
                break
            time.sleep(_PAUSE)  # the worker is about to publish what it has committed
            page, last = audit.page(partition, after, now_ms, self._limit, whole=False)
        self._after[partition] = last or ""
        return page

    def _strangers(self, audit: Audit, processor: Processor, _owned: Sequence[int], _now_ms: int) -> Divergence:
        segments = sorted(processor.live().active)
        if not segments:
            return Divergence()
        turn, cursor = self._scanning
        self._scanning = (turn + 1, 0)  # where it continues if this part fails
        strangers, cursor = audit.strangers(segments[turn % len(segments)], cursor)
        if cursor:
            self._scanning = (turn, cursor)
        return Divergence(strangers=strangers)

    def _unknown(self, audit: Audit, _processor: Processor, _owned: Sequence[int], _now_ms: int) -> Divergence:
        customers = next(self._customers, None)
        if customers is None:
            self._customers = customers_in(self._redis)
            return Divergence()
        return Divergence(strangers=audit.unknown(customers))
