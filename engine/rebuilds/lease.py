"""Ensures one rebuild of a segment at a time: a lock that ends with its owner, and a note of who that is."""

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
    """A rebuild is not possible, and has changed nothing; the message says why and what to do."""


class RebuildRunningError(RebuildError, SegmentBusyError):
    """Another process is rebuilding the segment; the message says which one and since when."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is stored about a running rebuild: who started it, when, and once it switches, what it switches to."""

    by: str
    since: str
    generation: int = 0
    digest: str = ""
    reason: Reason = "backfill"
    silent: bool = False
    retiring: bool = False

    @property
    def switching(self) -> bool:
        """Whether everything is ready, so that a rebuild interrupted here may only need to be finished."""
        return self.generation > 0


def note_of(now_ms: int) -> Note:
    """The note of a rebuild by this process."""
    return Note(f"process {os.getpid()} on {socket.gethostname()}", format_instant(now_ms))


@contextmanager
def hold_leases(connection: Connection, names: Collection[str]) -> Iterator[dict[str, Note]]:
    """Hold the segments' locks; yields the notes that earlier owners have left behind, by name.

    The locks end with the connection. Raises RebuildRunningError, holding none.
    """
    held: list[str] = []
    try:
        for name in sorted(names):
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_key(name),)).fetchone()
            if row is None or not row[0]:
                raise RebuildRunningError(_describe_owner(connection, name))
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
    """Store the note of a segment's rebuild."""
    put_fact(connection, _FACT + name, json.dumps(asdict(note)))


def drop_notes(connection: Connection, names: Collection[str]) -> None:
    """Delete the notes of these segments' rebuilds."""
    forget_facts(connection, [_FACT + name for name in names])


def _describe_owner(connection: Connection, name: str) -> str:
    note = notes(connection, [name]).get(name)
    owner = f"by {note.by} since {note.since}" if note is not None else "by another process"
    return f"`{name}` is being rebuilt {owner}: wait for it to finish, or end that process and rebuild again"


def _key(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"segment {name}".encode(), digest_size=8).digest(), "big", signed=True)
