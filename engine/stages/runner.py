"""Runs a stage: its own connection, its ownership, pauses after failures, and one log line for each failure."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Final

from ..storage.partitions import PARTITIONS
from .outages import describe_outage, is_outage, place
from .stage import Stage, StageWaitsError, Turn

if TYPE_CHECKING:
    from psycopg import Connection

LOG: Final = logging.getLogger("decisor.worker")
STAGE_LOCK: Final = 0x0DED  # the class of the advisory locks by which a stage has one owner
FIRST_PAUSE: Final = 0.2  # seconds after a failed step; doubled up to …
LONGEST_PAUSE: Final = 5.0
_OWNER_SECONDS: Final = 1.0  # between two tries to become the owner


class StageRunner:
    """Runs one stage until it is stopped; `partitions` returns those that the worker owns at the moment."""

    def __init__(
        self,
        stage: Stage,
        connect: Callable[[str], Connection],
        partitions: Callable[[], Collection[int]],
        stop: threading.Event,
    ) -> None:
        self._stage = stage
        self._connect = connect
        self._partitions = partitions
        self._stop = stop
        self._connection: Connection | None = None
        self._is_owner = False
        self._complaint = ""
        self._since = 0.0

    def run(self) -> None:
        """Run steps until stopped, through failures of servers."""
        pause = FIRST_PAUSE
        try:
            while not self._stop.is_set():
                try:
                    rest = self._step()
                except Exception as problem:  # noqa: BLE001 - the stage continues after any failure
                    self._close()
                    self._complain(problem)
                    self._stop.wait(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
                    continue
                pause = FIRST_PAUSE
                self._recover()
                self._stop.wait(rest)
        finally:
            self._close()

    def _step(self) -> float:
        """Run one step if the worker owns what the stage needs; returns how many seconds to rest."""
        owned = self._partitions()
        if self._stage.scope == "owner":
            if not owned or not self._owns():
                return _OWNER_SECONDS
            owned = range(PARTITIONS)
        if owned and self._stage.step(Turn(self._open(), owned, self._stop)):
            return 0.0
        return self._stage.period

    def _open(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection, self._is_owner = self._connect(f"decisor {self._stage.name}"), False
        return self._connection

    def _owns(self) -> bool:
        connection = self._open()
        if not self._is_owner:
            key = int.from_bytes(hashlib.blake2b(self._stage.name.encode(), digest_size=4).digest(), "big", signed=True)
            row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (STAGE_LOCK, key)).fetchone()
            self._is_owner = bool(row and row[0])
        return self._is_owner

    def _close(self) -> None:
        connection, self._connection, self._is_owner = self._connection, None, False
        self._stage.close()
        if connection is not None:
            connection.close()

    def _complain(self, problem: Exception) -> None:
        """Log a line, unless the last failure was the same."""
        if not self._complaint:
            self._since = time.monotonic()
        if isinstance(problem, StageWaitsError):
            complaint = str(problem)
        else:
            complaint = describe_outage(problem) if is_outage(problem) else place(problem)
        if complaint != self._complaint:
            self._complaint = complaint
            LOG.warning("the stage `%s` waits, and nothing is lost: %s", self._stage.name, complaint)

    def _recover(self) -> None:
        if self._complaint:
            LOG.warning("the stage `%s` works again, after %.0f s", self._stage.name, time.monotonic() - self._since)
            self._complaint = ""
