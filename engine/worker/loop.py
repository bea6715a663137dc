"""The loop: own partitions, read their queues, commit, publish, acknowledge; and evaluate whom time has moved."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..segments.owners import note_running
from ..stages.outages import is_outage, place, told
from ..storage import keys
from ..storage.partitions import PARTITIONS, give_up_ownership, take_ownership
from .arrivals import Arrival, Letter, read_arrival
from .changes import Tally
from .event_queue import Entry, Queue
from .fence import Command
from .housekeeping import Housekeeping
from .overdue import Overdue
from .publish import Publisher
from .refolding import Renewal
from .session import Session
from .step import Work
from .transaction import OtherCatalogueError, Processor

if TYPE_CHECKING:
    from psycopg import Connection

LOG = logging.getLogger("decisor.worker")
BATCH = 500  # events of one transaction
DUE = 100  # customers whom time has moved, of one transaction between events, so that a wave does not stall these, …
DUE_ALONE = 250  # … and where there are no events
BLOCK_MS = 20
_LOOK_EVERY = 0.1  # seconds between two looks for due customers and for changes by others
_OWN_EVERY = 1.0  # seconds between two tries to own more partitions
UNTOLD = "what is wrong cannot be told as text"
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # seconds to wait after failures in a row


@dataclass(frozen=True, slots=True)
class Clock:
    """What time it is, in milliseconds; `frozen` for replays of old events."""

    frozen: int | None = None

    def now_ms(self) -> int:
        """The time."""
        return time.time_ns() // 1_000_000 if self.frozen is None else self.frozen


class Worker:
    """One worker; `connect` opens PostgreSQL, `open_processor` makes the processor of a new connection.

    `housekeeping` is called with the session between events.
    """

    def __init__(
        self,
        redis: Any,
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
        self._renewal = Renewal()
        self._noted: int | None = None  # the version of the registry that Redis was told of
        self.tally = Tally()
        self.owned: frozenset[int] = frozenset()

    def stop(self) -> None:
        """End after the transaction that is under way."""
        self._stop.set()

    def run(self, *, drain: bool = False) -> None:
        """Work until stopped or, with `drain`, until nothing is left to do.

        A server that is away is waited for, without end; whatever was not committed is done again.
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
                    LOG.warning("what is needed is not there, waiting for it: %s", told(problem))
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
            processor.live().prepare()  # nothing is owned where the catalogue or a key is missing
        except BaseException:
            connection.close()
            raise
        self._next_own = self._next_look = 0.0
        self._renewal = Renewal()  # what was found and not committed is found again
        self._noted = None  # Redis may have been lost
        return Session(
            connection, processor, Publisher(self._redis, connection, processor.vault), Queue(self._redis), set()
        )

    def _work(self, session: Session, *, drain: bool) -> bool:
        """Work until stopped (False: look whether to go on) or drained (True)."""
        moved = False
        while not self._stop.is_set():
            self._own(session)
            entries = session.queue.read(BATCH, None if moved else BLOCK_MS)
            if entries:
                self._take(session, entries)
            moved = self._look(session, DUE if entries else DUE_ALONE, force=drain and not entries)
            if not drain and not moved:
                self._housekeeping(session)
            if drain and not entries and not moved and self._drained(session):
                return True
        return True

    def _own(self, session: Session) -> None:
        """Take partitions that nobody owns, all of them if there are no other workers."""
        if time.monotonic() < self._next_own:
            return
        self._next_own = time.monotonic() + _OWN_EVERY
        fair = self._fair_share(session)
        for partition in sorted(session.owned, reverse=True)[: max(0, len(session.owned) - fair)]:
            session.queue.abandon(partition)
            session.publisher.abandon(partition)
            session.processor.abandon(partition)
            self._renewal.abandon(partition)
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
        """How many partitions each of the workers that are alive should own."""
        row = session.connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = current_setting('application_name')"
        ).fetchone()
        return -(-PARTITIONS // max(1, row[0] if row else 1))

    def _take(self, session: Session, entries: Sequence[Entry]) -> None:
        done = session.queue.acknowledging(entries)
        committed: set[str] = set()
        while not self._taken(session, entries, committed, done):
            pass  # another catalogue is in force, by which the others are read anew
        session.queue.trim()

    def _taken(self, session: Session, entries: Sequence[Entry], committed: set[str], done: Sequence[Command]) -> bool:
        """Commit, publish and acknowledge; False where another catalogue has come meanwhile."""
        live = session.processor.last_live()
        now_ms = self._clock.now_ms()
        read = [read_arrival(live.border, live.key, (each.partition, each.id), each.fields, now_ms) for each in entries]
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
        """Commit and publish, and say so; what cannot be worked on is found by halving, and becomes dead letters."""
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
        """What to try instead of work that fails. Raises the problem where there is nothing else to try."""
        arrivals, letters = work.arrivals, work.letters
        if arrivals and letters:
            return [replace(work, arrivals=()), replace(work, letters=())]
        if len(arrivals) > 1:
            middle = len(arrivals) // 2
            return [replace(work, arrivals=arrivals[:middle]), replace(work, arrivals=arrivals[middle:])]
        if len(letters) > 1:
            middle = len(letters) // 2
            return [replace(work, letters=letters[:middle]), replace(work, letters=letters[middle:])]
        # Without the problem's own text, which may hold values.
        LOG.error("an event could not be worked on; it is among the dead letters: %s", place(problem))
        if arrivals:
            failed = Letter(arrivals[0].source, arrivals[0].profile, "failed", told(problem), arrivals[0].raw)
        elif letters and letters[0].reason != UNTOLD:
            failed = replace(letters[0], profile=None, reason=UNTOLD)
        else:
            raise problem
        return [replace(work, arrivals=(), letters=[failed])]

    def _evaluate(self, session: Session, work: Work, now_ms: int) -> None:
        """Commit and publish; customers who cannot be worked on are found by halving as events are, and put off."""
        try:
            outcome = session.processor.process(work, now_ms)
        except Exception as problem:
            if is_outage(problem):
                raise
            names = [*work.due, *work.touched]
            if len(names) == 1:
                # Without the problem's own text, which may hold values.
                LOG.error("a customer could not be worked on, and is tried again later: %s", place(problem))  # noqa: TRY400 - as said
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
        """Every now and then: whom time has moved, what others have committed, whose profile another catalogue made.

        At most about `limit` customers; whether there was anything.
        """
        if not force and time.monotonic() < self._next_look:
            return False
        self._next_look = time.monotonic() + _LOOK_EVERY
        session.publisher.verify()
        self._noted = note_running(session.connection, self._redis, self._noted)
        rows = session.connection.execute("SELECT number, seq FROM partition").fetchall()
        found = sum(session.publisher.catch_up(number, seq) for number, seq in rows if number in session.owned)
        session.processor.forget(session.publisher.gone())
        now_ms = self._clock.now_ms()
        due = self._overdue.find(session.connection, session.owned, now_ms, limit, force=force)
        if due:
            self._evaluate(session, Work(due=due), now_ms)
            self._next_look = 0.0  # a wave is worked off at once, between the batches of live events
        moved = bool(due) or found > 0 or self._renew(session, limit, now_ms, force=force)
        if self._failures:
            LOG.warning("all servers answer again")
            self._failures = 0
        return moved

    def _renew(self, session: Session, limit: int, now_ms: int, *, force: bool) -> bool:
        """Make some profiles anew that were made with another catalogue; whether there were any."""
        digest = session.processor.live().catalogue_digest
        while (found := self._renewal.find(session.connection, session.owned, digest, limit)) is not None:
            if found:
                self._evaluate(session, Work(touched=found, reason="definition"), now_ms)
                return True
            if not force:
                break
        return False

    def _drained(self, session: Session) -> bool:
        """Whether nothing is left in any partition; those of other workers are waited for."""
        while session.queue.trim(1):
            pass
        if session.queue.waiting(range(PARTITIONS)):
            return False
        pipeline = self._redis.pipeline(transaction=False)
        for partition in range(PARTITIONS):
            pipeline.zcount(keys.due(partition), "-inf", self._clock.now_ms())
        return not any(pipeline.execute())
