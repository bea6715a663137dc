"""`decisor worker`: turns queued events into profiles, membership and transitions."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .command import CLEAN, FINDINGS, CannotRunError, Command
from .facts import add_program, runtime_of
from .opening import add_now, instant_of
from .report import counted
from .servers import Servers, alias_named, vault_for

if TYPE_CHECKING:
    from psycopg import Connection

    from ..worker.changes import Tally
    from ..worker.process import WorkerProcess


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--drain", action="store_true", help="stop when nothing is left to do")
    parser.add_argument("--quiet", action="store_true", help="print only what goes wrong")
    add_now(parser)
    add_program(parser)


def _run(options: argparse.Namespace) -> int:
    from ..rebuilds.preparation import prepare
    from ..running import worker_process
    from ..worker.loop import Clock
    from ..worker.process import calm_collector

    _log_without_values()
    program = runtime_of(options).program
    with Servers.of(options) as servers:
        vault = vault_for(program.catalogue)
        notes = prepare(servers.postgres, program, vault)
        for note in () if options.quiet else notes:
            print(note, flush=True)
        running = worker_process(
            servers.redis,
            lambda name: _fresh(servers, name),
            program.catalogue,
            elasticsearch=servers.elasticsearch,
            vault=vault,
            alias=alias_named(),
            clock=Clock(instant_of(options.now) if options.now else None),
        )
        _stop_on_signals(running.stop)
        calm_collector()
        started = time.monotonic()
        refusal = _run_worker(running, drain=options.drain)
    if not options.quiet:
        print(_tally_text(running.tally, time.monotonic() - started))
    if refusal is not None:
        print(f"decisor: the search index is behind: {refusal}", file=sys.stderr)
        return FINDINGS
    return CLEAN


def _log_without_values() -> None:
    from ..storage.failures import SafeFormatter

    lines = logging.StreamHandler()
    lines.setFormatter(SafeFormatter("%(asctime)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[lines])


def _run_worker(running: WorkerProcess, *, drain: bool) -> str | None:
    """Run the worker; the reason why the search index could not catch up, None if it did."""
    from ..index.names import IndexRefusedError

    try:
        running.run(drain=drain)
    except IndexRefusedError as problem:
        return str(problem)
    return None


def _fresh(servers: Servers, application: str) -> Connection:
    from ..storage.postgres import connect_postgres

    if servers.locations.postgres is None:
        raise CannotRunError("no PostgreSQL is configured")
    return connect_postgres(servers.locations.postgres, autocommit=True, application=application)


def _stop_on_signals(stop: Callable[[], None]) -> None:
    """Stop after the current transaction."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: stop())


def _tally_text(tally: Tally, seconds: float) -> str:
    parts = [f"{counted(tally.kept, 'event')} stored"]
    parts += [f"{counted(tally.duplicates, 'duplicate')} dropped"] if tally.duplicates else []
    parts += [
        f"{count:,} {what}"
        for count, what in (
            (tally.conflicts, "stored although another event has the same id"),
            (tally.dead, "among the dead letters (`decisor dead-letters list`)"),
            (tally.refused, "values left out, as their profile field may not hold them (`decisor doctor`)"),
            (tally.suppressed, "of erased customers dropped"),
            (tally.ticks, f"customer{'' if tally.ticks == 1 else 's'} moved by time"),
        )
        if count
    ]
    return f"{', '.join(parts)}; {tally.entered:,} entered segments, {tally.left:,} left; {seconds:.1f} s"


COMMAND = Command(
    "Turn queued events into profiles, membership and transitions, until stopped.",
    "decisor worker --drain",
    _configure,
    _run,
)
