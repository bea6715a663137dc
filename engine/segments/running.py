"""A worker with all that belongs to it: the loop, the index that follows, and the audit beside them."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..ir.program import Program
from ..ir.types import Catalogue
from ..profiles.erase.suppression import Suppressed
from ..profiles.vault import OpenVault, Vault
from .live.changes import Tally
from .live.process import Processor
from .live.worker import Clock, Worker
from .reconcile import Rounds
from .registry import activate_unfilled, definition_of, put_catalogue, read_registry

if TYPE_CHECKING:
    from psycopg import Connection

PREPARE_LOCK = 0x0DEC_0003


def prepare(connection: Connection, program: Program) -> list[str]:
    """Migrate, make the program's catalogue the one that profiles are made by, and register new segments.

    While there is no profile yet, a definition can simply run; later it takes a rebuild. What is left to do is said.
    """
    from ..storage.migrate import migrate

    migrate(connection)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (PREPARE_LOCK,))
        notes = []
        if put_catalogue(connection, program.catalogue):
            notes.append("the catalogue is new; profiles are made anew by and by")
        registered = read_registry(connection).segments
        wanted = {name: definition_of(program, name) for name in program.segments}
        new = [name for name in wanted if name not in registered]
        changed = [
            name
            for name, each in registered.items()
            if name in wanted and each.active is not None and each.active.digest != wanted[name].digest
        ]
        row = connection.execute("SELECT EXISTS (SELECT FROM profile)").fetchone()
        if row and not row[0] and (new or changed):
            activate_unfilled(connection, {name: wanted[name] for name in [*new, *changed]})
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
    gc.set_threshold(100_000, 20, 100)


@dataclass(slots=True)
class Running:
    """One worker process; `connect` opens PostgreSQL under a name that the server shows."""

    redis: Any
    connect: Callable[..., Connection]
    catalogue: Catalogue
    elasticsearch: Any = None
    clock: Clock = field(default_factory=Clock)
    vault: Vault = field(default_factory=OpenVault)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """End soon, with nothing half done."""
        self._stopping.set()

    def run(self, *, drain: bool = False) -> Tally:
        """Work until stopped, or until nothing is left to do; what was done."""
        rounds = Rounds(self.redis)
        worker = Worker(self.redis, self.connect, self._processor, clock=self.clock, stop=self._stopping, beside=rounds)
        threads = self._beside(worker)
        for thread in threads:
            thread.start()
        try:
            worker.run(drain=drain)
        finally:
            self._stopping.set()
            for thread in threads:
                thread.join()
        return worker.tally

    def _processor(self, connection: Connection) -> Processor:
        return Processor(connection, self.vault, suppressed=Suppressed())

    def _beside(self, _worker: Worker) -> Sequence[threading.Thread]:
        return ()
