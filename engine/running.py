"""A worker with all that belongs to it: the loop, the index that follows, erasures that are open, and the audit."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .encryption.letters import PlainLetters
from .encryption.vault import OpenVault, Vault
from .erasure.erasure import Erasure
from .erasure.notices import Notices
from .erasure.place import Stores
from .erasure.suppression import Suppressed
from .erasure.unfinished import Pause, Unfinished
from .index.audit import IndexAudit
from .index.cursors import abandon, prune_outbox
from .index.follower import IndexFollower
from .index.names import ALIAS
from .ir.program import Program
from .ir.types import Catalogue
from .rebuilds.audit import Rounds
from .rebuilds.interrupted import recover
from .rebuilds.mover import Mover, move_all
from .segments.registry import activate_unfilled, definition_of, put_catalogue, read_segments
from .segments.sealed_definitions import keep_anew
from .storage.partitions import PARTITIONS, locked
from .worker.changes import Tally
from .worker.loop import Clock, Session, Worker
from .worker.publish import settle
from .worker.transaction import Processor

if TYPE_CHECKING:
    from psycopg import Connection

PREPARE_LOCK = 0x0DEC_0003
INDEX_APPLICATION, MOVER_APPLICATION, ERASE_APPLICATION = "decisor index", "decisor mover", "decisor erase"
MOVED = 200  # customers of one step of a rebuild's end
MOVE_SECONDS = 0.5  # between two looks whether a rebuild left something to move
TIDY_SECONDS = 60.0
PRUNE_SECONDS = 2.0  # until every partition has had its turn
OUTBOX_MS = (
    3_600_000  # how long changes stay in the outbox, so that a Redis with an earlier state can be brought forward
)


def prepare(connection: Connection, program: Program, vault: Vault) -> list[str]:
    """Migrate, make the program's catalogue the one that profiles are made by, and register new segments.

    While there is no profile yet, a definition can simply run; later it takes a rebuild. What is left to do is said.
    `vault` is that of the program's catalogue: definitions are kept as it says from now on. Raises KeysRefusedError
    when that takes a key that is missing; then nothing has changed.
    """
    from .encryption.status import refuse_missing_keys
    from .storage.migrate import migrate

    migrate(connection)
    refuse_missing_keys(connection, vault)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (PREPARE_LOCK,))
        locked(connection, range(PARTITIONS))  # a barrier: nobody makes a first profile by other definitions meanwhile
        notes = []
        is_new = put_catalogue(connection, program.catalogue)
        if is_new:
            notes.append("the catalogue is new; profiles are made anew by and by")
        keep_anew(connection, vault, changed=is_new)
        registered = read_segments(connection)
        wanted = {name: definition_of(program, name) for name in program.segments}
        new = [name for name in wanted if name not in registered]
        changed = [
            name
            for name, each in registered.items()
            if name in wanted and each.active is not None and each.active != wanted[name].digest
        ]
        row = connection.execute("SELECT EXISTS (SELECT FROM profile)").fetchone()
        if row and not row[0] and (new or changed):
            activate_unfilled(connection, {name: wanted[name] for name in [*new, *changed]}, vault)
            new = changed = []
            notes = []
    if new or changed:
        names = " ".join(sorted([*new, *changed]))
        notes.append(
            f"not running yet, or in another version: {names}; `decisor segments rebuild {names}` switches them in"
        )
    gone = sorted(set(registered) - set(wanted))
    if gone:
        notes.append(
            f"running, but not in this workspace: {', '.join(gone)}; `decisor segments rebuild --retire` ends them"
        )
    return notes


def calm_collector() -> None:
    """Let Python's collector of cycles rest: a worker's cache holds many values and hardly a cycle among them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 200, 100)  # young ones are gone through in a few milliseconds


@dataclass(slots=True)
class Running:
    """One worker process; `connect` opens PostgreSQL under a name that the server shows.

    With a client of Elasticsearch the search index under `alias` follows, in a thread beside the loop.
    """

    redis: Any
    connect: Callable[..., Connection]
    catalogue: Catalogue
    elasticsearch: Any = None
    clock: Clock = field(default_factory=Clock)
    vault: Vault = field(default_factory=OpenVault)
    alias: str = ALIAS
    tally: Tally = field(default_factory=Tally)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """End soon, with nothing half done."""
        self._stopping.set()

    def run(self, *, drain: bool = False) -> Tally:
        """Work until stopped, or until nothing is left to do; what was done, also in `tally`.

        Drained means that the search index, where there is one, has everything too. Raises IndexRefusedError when it
        does not fit the catalogue or does not catch up.
        """
        audit = None
        if self.elasticsearch is not None:
            audit = IndexAudit(self.elasticsearch, self.catalogue, self.vault, self.alias)
        beside = Beside(self.redis, self.clock, audit)
        worker = Worker(self.redis, self.connect, self._processor, clock=self.clock, stop=self._stopping, beside=beside)
        ended = threading.Event()
        threads = [threading.Thread(target=self._follow, args=(worker, ended), name="index")]
        if not drain:
            threads.append(threading.Thread(target=self._erase, args=(worker, ended), name="erase"))
        for thread in threads:
            thread.start()
        try:
            worker.run(drain=drain)
            if drain:
                self._finish()
                self._unfinished().finish()
        finally:
            self.tally = worker.tally
            ended.set()
            for thread in threads:
                thread.join()
        if drain and self.elasticsearch is not None and not self._stopping.is_set():
            self._catch_up()
        return worker.tally

    def _processor(self, connection: Connection) -> Processor:
        return Processor(connection, self.vault, suppressed=Suppressed())

    def _follower(self) -> IndexFollower:
        return IndexFollower(
            lambda: self.connect(INDEX_APPLICATION),
            self.elasticsearch,
            self.catalogue,
            vault=self.vault,
            alias=self.alias,
        )

    def _follow(self, worker: Worker, ended: threading.Event) -> None:
        if self.elasticsearch is not None:
            self._follower().run(ended, lambda: worker.owned)

    def _unfinished(self) -> Unfinished:
        return Unfinished(
            lambda: self.connect(ERASE_APPLICATION), self._erasure, Notices(self.redis), self.clock.now_ms
        )

    def _erasure(self, connection: Connection, pause: Pause) -> Erasure:
        key = self.catalogue.key
        stores = Stores(connection, self.redis, self.elasticsearch, self.vault, key, self.alias, pause=pause)
        return Erasure(stores, lambda upto: settle(connection, self.redis, upto, self.vault))

    def _erase(self, worker: Worker, ended: threading.Event) -> None:
        self._unfinished().run(ended, lambda: worker.owned)

    def _catch_up(self) -> None:
        follower = self._follower()
        try:
            follower.catch_up()
        finally:
            follower.close()

    def _finish(self) -> None:
        """Do what a worker that goes on does beside events, to its end."""
        with self.connect(MOVER_APPLICATION) as connection:
            move_all(connection, self.redis, self.vault)
            letters = PlainLetters()
            while letters.step(connection, self.vault):
                pass


class Beside:
    """What a worker does now and then between events: audit, finish rebuilds, throw away what everybody has read."""

    def __init__(self, redis: Any, clock: Clock, index: IndexAudit | None) -> None:
        self._redis, self._clock = redis, clock
        self._rounds = Rounds(redis, index)
        self._letters = PlainLetters()
        self._mover: tuple[Session, Mover] | None = None
        self._next_move = self._next_tidying = self._next_pruning = 0.0
        self._turn = 0

    def __call__(self, session: Session, now_ms: int) -> None:
        """One small step, if it is time for one."""
        if time.monotonic() >= self._next_move and session.owned:
            moved = self._move(session)
            self._next_move = time.monotonic() + (0.0 if moved else MOVE_SECONDS)
        if time.monotonic() >= self._next_tidying and session.owned:
            self._next_tidying = time.monotonic() + TIDY_SECONDS
            abandon(session.connection)
            recover(session.connection, self._redis, session.processor.vault, self._clock.now_ms)
        if time.monotonic() >= self._next_pruning and session.owned:
            self._prune(session)
        self._letters.step(session.connection, session.processor.vault)
        session.queue.trim()  # where no event comes any more, the last ones must go too
        self._rounds(session, now_ms)

    def _prune(self, session: Session) -> None:
        """One partition a call, so that events do not wait for the others."""
        published = session.publisher.published
        if published:
            self._turn += 1
            number = sorted(published)[self._turn % len(published)]
            prune_outbox(session.connection, OUTBOX_MS, published={number: published[number]})
        self._next_pruning = time.monotonic() + PRUNE_SECONDS / max(1, len(published))

    def _move(self, session: Session) -> bool:
        """Append some of what rebuilds have decided, and publish it; whether there was any."""
        if self._mover is None or self._mover[0] is not session:
            self._mover = session, Mover(session.connection)
        last = self._mover[1].move(MOVED)
        for partition, seq in last.items():
            if partition in session.owned:
                session.publisher.catch_up(partition, seq)
        return bool(last)
