"""The worker's loop: own partitions, read their queues, commit, publish and acknowledge; evaluate due customers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..segments.owners import note_running
from ..stages.outages import describe_outage, is_outage, place
from ..storage import keys
from ..storage.partitions import PARTITIONS, give_up_ownership, take_ownership
from ..storage.redis_protocol import RedisClient
from .arrivals import Arrival, Letter, read_arrival
from .changes import Tally
from .event_queue import Entry, Queue
from .fence import Command
from .housekeeping import Housekeeping
from .overdue import Overdue
from .publish import Publisher
from .refolding import RefoldScan
from .session import Session
from .step import Work
from .transaction import OtherCatalogueError, Processor

if TYPE_CHECKING:
    from psycopg import Connection

LOG = logging.getLogger("decisor.worker")
BATCH = 500  # events in one transaction
DUE = 100  # due customers in one transaction between batches of events, so that a wave does not stall events, …
DUE_ALONE = 250  # … and in one transaction when there are no events
BLOCK_MS = 20
_LOOK_EVERY = 0.1  # seconds between checks for due customers and for changes by others
_OWN_EVERY = 1.0  # seconds between attempts to own more partitions
UNSTORABLE = "the reason cannot be stored as text"
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # seconds to wait after consecutive failures


@dataclass(frozen=True, slots=True)
class Clock:
    """The current time in milliseconds; `frozen` stops it for replays of old events."""

    frozen: int | None = None

    def now_ms(self) -> int:
        """The current time, or the frozen one."""
        return time.time_ns() // 1_000_000 if self.frozen is None else self.frozen


class Worker:
    """One worker: `connect` opens PostgreSQL, `open_processor` makes the processor of a new connection.

    `housekeeping` is called with the session between batches of events.
    """

    def __init__(
        self,
        redis: RedisClient,
        connect: Callable[[], Connection],
        open_processor: Callable[[Connection], Processor],
        *,
        clock: Clock | None = None,
        stop: threading.Event | None = None,
        housekeeping: Callable[[Session], None] | None = None,
    ) -> None:
        self._redis = redis
        self._connect = connect
        self._open_processor = open_processor
        self._clock = clock or Clock()
        self._stop = stop or threading.Event()
        self._housekeeping = housekeeping or Housekeeping().step
        self._next_look = 0.0
        self._next_own = 0.0
        self._failures = 0
        self._overdue = Overdue(redis)
        self._refold_scan = RefoldScan()
        self._noted: int | None = None  # the last version of the registry that was written to Redis
        self.tally = Tally()
        self.owned: frozenset[int] = frozenset()

    def stop(self) -> None:
        """Stop after the current transaction."""
        self._stop.set()

    def run(self, *, drain: bool = False) -> None:
        """Work until stopped or, with `drain`, until nothing is left to do.

        Waits without limit for a server that is unavailable; whatever was not committed is done again.
        """
        while not self._stop.is_set():
            session: Session | None = None
            try:
                session = self._session()
                if self._work(session, drain=drain):
                    return
            except Exception as problem:
                if not is_outage(problem):
                    raise
                if self._failures == 0:
                    LOG.warning("a server is unavailable; waiting for it: %s", describe_outage(problem))
                self._stop.wait(_PAUSES[min(self._failures, len(_PAUSES) - 1)])
                self._failures += 1
            finally:
                self.owned = frozenset()
                if session is not None:
                    session.publisher.close()
                    session.connection.close()

    def _session(self) -> Session:
        connection = self._connect()
        try:
            connection.autocommit = True
            processor = self._open_processor(connection)
            processor.live().prepare()  # so that nothing is owned when the catalogue or a key is missing
        except BaseException:
            connection.close()
            raise
        self._next_own = self._next_look = 0.0
        self._refold_scan = RefoldScan()  # profiles found but not committed are found again
        self._noted = None  # Redis may have lost its data
        return Session(
            connection, processor, Publisher(self._redis, connection, processor.vault), Queue(self._redis), set()
        )

    def _work(self, session: Session, *, drain: bool) -> bool:
        """Work until stopped, or until drained; True when there is nothing more to do."""
        moved = False
        while not self._stop.is_set():
            self._own(session)
            entries = session.queue.read(BATCH, None if moved else BLOCK_MS)
            if entries:
                self._process_entries(session, entries)
            moved = self._look(session, DUE if entries else DUE_ALONE, force=drain and not entries)
            if not drain and not moved:
                self._housekeeping(session)
            if drain and not entries and not moved and self._is_drained(session):
                return True
        return True

    def _own(self, session: Session) -> None:
        """Take ownership of a fair share of the partitions: all of them if there are no other workers."""
        if time.monotonic() < self._next_own:
            return
        self._next_own = time.monotonic() + _OWN_EVERY
        fair = self._fair_share(session)
        for partition in sorted(session.owned, reverse=True)[: max(0, len(session.owned) - fair)]:
            session.queue.abandon(partition)
            session.publisher.abandon(partition)
            session.processor.abandon(partition)
            self._refold_scan.abandon(partition)
            session.owned.discard(partition)
            give_up_ownership(session.connection, partition)
        for partition in range(PARTITIONS):
            if len(session.owned) >= fair:
                break
            if partition not in session.owned and take_ownership(session.connection, partition):
                session.owned.add(partition)
                session.queue.adopt(partition)
                session.publisher.adopt(partition)
        self.owned = frozenset(session.owned)

    def _fair_share(self, session: Session) -> int:
        """The number of partitions that each running worker should own."""
        row = session.connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = current_setting('application_name')"
        ).fetchone()
        return -(-PARTITIONS // max(1, row[0] if row else 1))

    def _process_entries(self, session: Session, entries: Sequence[Entry]) -> None:
        done = session.queue.acknowledgements(entries)
        committed: set[str] = set()
        while not self._try_entries(session, entries, committed, done):
            pass  # another catalogue is now in force: read the remaining entries again with it
        session.queue.trim()

    def _try_entries(
        self, session: Session, entries: Sequence[Entry], committed: set[str], done: Sequence[Command]
    ) -> bool:
        """Commit, publish and acknowledge; False if the catalogue has changed in the meantime."""
        live = session.processor.last_live()
        now_ms = self._clock.now_ms()
        names = (
            not session.processor.vault.seals_letters
        )  # where letters are sealed, their reasons tell nothing personal either
        read = [
            read_arrival(live.border, live.key, (each.partition, each.id), each.fields, now_ms, names=names)
            for each in entries
        ]
        arrivals = [each for each in read if isinstance(each, Arrival) and each.source not in committed]
        letters = [each for each in read if isinstance(each, Letter) and each.source not in committed]
        try:
            for work in self._commit(session, Work(arrivals, letters, catalogue=live.catalogue_digest), now_ms, done):
                committed.update(each.source for each in work.arrivals)
                committed.update(each.source for each in work.letters)
        except OtherCatalogueError:
            return False
        return True

    def _commit(self, session: Session, work: Work, now_ms: int, done: Sequence[Command]) -> Iterator[Work]:
        """Commit and publish, and yield what was committed.

        Work that fails is split in half until the entries that cause the failure are found; they become dead letters.
        """
        try:
            outcome = session.processor.process(work, now_ms)
        except Exception as problem:
            if isinstance(problem, OtherCatalogueError) or is_outage(problem):
                raise
            *first, last = self._parts(work, problem)
            for part in first:
                yield from self._commit(session, part, now_ms, ())
            yield from self._commit(session, last, now_ms, done)
            return
        self.tally.add(outcome.tally)
        session.publisher.publish(outcome, done)
        yield work

    def _parts(self, work: Work, problem: Exception) -> list[Work]:
        """The smaller pieces of work to try instead. Raises the problem if there is nothing else to try."""
        arrivals, letters = work.arrivals, work.letters
        if arrivals and letters:
            return [replace(work, arrivals=()), replace(work, letters=())]
        if len(arrivals) > 1:
            middle = len(arrivals) // 2
            return [replace(work, arrivals=arrivals[:middle]), replace(work, arrivals=arrivals[middle:])]
        if len(letters) > 1:
            middle = len(letters) // 2
            return [replace(work, letters=letters[:middle]), replace(work, letters=letters[middle:])]
        # Without the exception's own text, which may contain values.
        LOG.error("an event could not be processed; it is now among the dead letters: %s", place(problem))
        if arrivals:
            failed = Letter(
                arrivals[0].source, arrivals[0].profile, "failed", describe_outage(problem), arrivals[0].raw
            )
        elif letters and letters[0].reason != UNSTORABLE:
            failed = replace(letters[0], profile=None, reason=UNSTORABLE)
        else:
            raise problem
        return [replace(work, arrivals=(), letters=[failed])]

    def _evaluate(self, session: Session, work: Work, now_ms: int) -> None:
        """Commit and publish; customers who cannot be processed are found by halving, as events are, and postponed."""
        try:
            outcome = session.processor.process(work, now_ms)
        except Exception as problem:
            if is_outage(problem):
                raise
            names = [*work.due, *work.touched]
            if len(names) == 1:
                # Without the exception's own text, which may contain values.
                LOG.error("a customer could not be processed; will retry later: %s", place(problem))  # noqa: TRY400 - see above
                self._overdue.put_off(names[0], now_ms)
                return
            for part in (names[: len(names) // 2], names[len(names) // 2 :]):
                due = {name: work.due[name] for name in part if name in work.due}
                touched = [name for name in part if name not in work.due]
                self._evaluate(session, Work(due=due, touched=touched, reason=work.reason), now_ms)
            return
        self.tally.add(outcome.tally)
        session.publisher.publish(outcome)
        if gone := work.due.keys() - {each.profile for each in outcome.changes}:
            self._overdue.forget(gone)

    def _look(self, session: Session, limit: int, *, force: bool = False) -> bool:
        """From time to time, handle due customers, commits by other processes, and profiles of an outdated catalogue.

        Handles at most about `limit` customers; returns whether there was anything to do.
        """
        if not force and time.monotonic() < self._next_look:
            return False
        self._next_look = time.monotonic() + _LOOK_EVERY
        session.publisher.verify()
        self._noted = note_running(session.connection, self._redis, self._noted)
        rows = session.connection.execute("SELECT number, seq FROM partition").fetchall()
        found = sum(session.publisher.catch_up(number, seq) for number, seq in rows if number in session.owned)
        session.processor.forget(session.publisher.take_gone())
        now_ms = self._clock.now_ms()
        due = self._overdue.find(session.connection, session.owned, now_ms, limit, force=force)
        if due:
            self._evaluate(session, Work(due=due), now_ms)
            self._next_look = 0.0  # a wave is worked through without a pause, between batches of live events
        moved = bool(due) or found > 0 or self._refold(session, limit, now_ms, force=force)
        if self._failures:
            LOG.warning("all servers are available again")
            self._failures = 0
        return moved

    def _refold(self, session: Session, limit: int, now_ms: int, *, force: bool) -> bool:
        """Refold some profiles that were folded with an outdated catalogue; whether there were any."""
        digest = session.processor.live().catalogue_digest
        while (found := self._refold_scan.find(session.connection, session.owned, digest, limit)) is not None:
            if found:
                self._evaluate(session, Work(touched=found, reason="definition"), now_ms)
                return True
            if not force:
                break
        return False

    def _is_drained(self, session: Session) -> bool:
        """Whether nothing is left in any partition, including those of other workers."""
        while session.queue.trim(1):
            pass
        if session.queue.waiting(range(PARTITIONS)):
            return False
        pipeline = self._redis.pipeline(transaction=False)
        for partition in range(PARTITIONS):
            pipeline.zcount(keys.due(partition), "-inf", self._clock.now_ms())
        return not any(pipeline.execute())
