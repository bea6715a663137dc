"""One rebuild of a segment at a time: a lock that goes with its owner, and who that is."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ..ir.instant import format_instant
from ..segments.claim import SegmentBusyError
from ..segments.transitions import Reason
from ..storage.facts import forget_facts, put_fact, read_facts

if TYPE_CHECKING:
    from psycopg import Connection

_FACT = "rebuild:"


class RebuildError(RuntimeError):
    """A rebuild cannot be made, and has changed nothing; the message says why and what to do."""


class RebuildRunningError(RebuildError, SegmentBusyError):
    """The segment is being rebuilt by somebody else; the message says by whom and since when."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is kept of a rebuild while it runs: who began it, when, and once it switches what it switches to."""

    by: str
    since: str
    generation: int = 0
    digest: str = ""
    reason: Reason = "backfill"
    silent: bool = False
    retiring: bool = False

    @property
    def switching(self) -> bool:
        """Whether everything is ready, so that a rebuild that was interrupted here may only need to be ended."""
        return self.generation > 0


def note_of(now_ms: int) -> Note:
    """The note of a rebuild by this process."""
    return Note(f"process {os.getpid()} on {socket.gethostname()}", format_instant(now_ms))


@contextmanager
def leased(connection: Connection, names: Collection[str]) -> Iterator[dict[str, Note]]:
    """Hold the segments' locks; what earlier owners have left behind, by name.

    The locks go with the connection. Raises RebuildRunningError, holding none.
    """
    held: list[str] = []
    try:
        for name in sorted(names):
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_key(name),)).fetchone()
            if row is None or not row[0]:
                raise RebuildRunningError(_told(connection, name))
            held.append(name)
        yield notes(connection, held)
    finally:
        if not connection.closed:
            for name in held:
                connection.execute("SELECT pg_advisory_unlock(%s)", (_key(name),))


def notes(connection: Connection, names: Collection[str] | None = None) -> dict[str, Note]:
    """The notes of rebuilds that run or were interrupted, of all segments or of some."""
    found = read_facts(connection, _FACT)
    return {name: Note(**json.loads(value)) for name, value in found.items() if names is None or name in names}


def write_note(connection: Connection, name: str, note: Note) -> None:
    """Keep the note of a segment's rebuild."""
    put_fact(connection, _FACT + name, json.dumps(asdict(note)))


def drop_notes(connection: Connection, names: Collection[str]) -> None:
    """Forget the notes of these segments' rebuilds."""
    forget_facts(connection, [_FACT + name for name in names])


def _told(connection: Connection, name: str) -> str:
    note = notes(connection, [name]).get(name)
    owner = f"by {note.by} since {note.since}" if note is not None else "by somebody else"
    return f"`{name}` is being rebuilt {owner}: wait for that, or end that process and rebuild again"


def _key(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"segment {name}".encode(), digest_size=8).digest(), "big", signed=True)
