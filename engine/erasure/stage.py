"""Erasures that were begun and broken off are ended by workers, one at a time, in a stage beside the loop.

Whoever erased was killed, or a store was away. Each worker looks after its own partitions; a lock keeps it from what a
running `decisor erase` or another worker is just at.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..stages.stage import Turn
from ..storage.partitions import partition_of
from .erasure import Erasure, pending
from .notices import Notices
from .place import describe_problem

if TYPE_CHECKING:
    from psycopg import Connection

LOG: Final = logging.getLogger("decisor.erase")
LOOK_SECONDS: Final = 1.0
NEXT_SECONDS: Final = 0.1  # from one open erasure to the next
PAUSE_SECONDS: Final = 0.005  # between two steps of a long look, so that live events come to their turn
LONGEST_PAUSE: Final = 60.0  # until an erasure that could not be ended is tried again
LET_GO_SECONDS: Final = 600.0  # from one request to drop old bytes to the next
MERGE_SECONDS: Final = 600.0  # from one look whether old bytes of the index are to go to the next

Pause = Callable[[], None]


class StoppedError(RuntimeError):
    """The worker ends; what is left of an erasure is done by the next one."""


@dataclass(slots=True)
class _Wait:
    """An erasure that could not be ended so many times, and when it is tried again."""

    failures: int
    until: float


class ErasureStage:
    """Ends open erasures, and has old notices of erasures deleted.

    `erasure_of` makes an erasure on a connection that calls a pause now and then.
    """

    name: Final = "erase"
    scope: Final = "partitions"
    period: Final = LOOK_SECONDS

    def __init__(
        self, erasure_of: Callable[[Connection, Pause], Erasure], notices: Notices, now_ms: Callable[[], int]
    ) -> None:
        self._erasure_of = erasure_of
        self._notices = notices
        notices.last_look = self._look_again
        self._now_ms = now_ms
        self._turn: Turn | None = None
        self._waits: dict[str, _Wait] = {}
        self._told: set[str] = set()
        self._touched: set[int] = set()  # partitions of which something went since servers were asked to drop old bytes
        self._next_letting_go = self._next_merge = 0.0

    def step(self, turn: Turn) -> bool:
        """Go on with one erasure, or look at one page of a transition stream; whether it was an erasure."""
        self._turn, connection = turn, turn.connection
        now = time.monotonic()
        open_ones = pending(connection, turn.partitions)
        self._waits = {customer: wait for customer, wait in self._waits.items() if customer in open_ones}
        ready = [each for each in open_ones if each not in self._waits or self._waits[each].until <= now]
        if ready:
            try:
                self._go_on(connection, ready[0])
            except Exception:
                self._put_off(ready[0], self._failures(ready[0]) + 1)  # the others come first then
                raise
            return not turn.stop.wait(NEXT_SECONDS)
        if self._touched and now >= self._next_letting_go:
            self._let_go(connection)
        if 0 in turn.partitions and now >= self._next_merge:
            self._next_merge = now + MERGE_SECONDS
            self._merge(connection)
        self._notices.step(connection, turn.partitions, self._now_ms())
        self._touched |= self._notices.deleted_from()
        return False

    def drain(self, turn: Turn) -> None:
        """Go on with every erasure once, and look at every transition stream, where anybody was ever erased."""
        self._turn, connection = turn, turn.connection
        for customer in pending(connection):
            self._go_on(connection, customer)
        if connection.execute("SELECT FROM suppression LIMIT 1").rowcount:
            self._notices.all(connection, turn.partitions, self._now_ms())
            self._touched |= self._notices.deleted_from()
            self._merge(connection)
        if self._touched:
            self._let_go(connection)

    def close(self) -> None:
        """Let go of the connection."""
        self._turn = None

    def _present(self) -> Turn:
        if self._turn is None:
            raise RuntimeError("a stage has a connection only during a step")
        return self._turn

    def _go_on(self, connection: Connection, customer: str) -> None:
        report = self._erasure_of(connection, self._pause).go_on(customer)
        if report is None or self._present().stop.is_set():
            self._put_off(customer, 0)
        elif report.done:
            self._waits.pop(customer, None)
            self._told.clear()
            self._touched.add(partition_of(customer))
            LOG.warning("an erasure that had been broken off was ended")
            self._tell_closed(report.closed)
        else:
            self._put_off(customer, self._failures(customer) + 1)
            reasons = {*report.problems, *(row.problem for row in report.rows if row.problem is not None)}
            for reason in sorted(reasons or {"something was found again"}):
                self._tell(f"an erasure is still open: {reason}")

    def _failures(self, customer: str) -> int:
        return self._waits[customer].failures if customer in self._waits else 0

    def _look_again(self, customer: str) -> None:
        """Delete what has come of broken late events; what does not open is told, and keeps no notice."""
        try:
            found = self._erasure_of(self._present().connection, self._pause).look_again(customer)
        except StoppedError:
            raise
        except RuntimeError as problem:
            self._tell(f"dead letters were not looked at for somebody who was erased: {describe_problem(problem)}")
            return
        self._tell_closed(found.closed)
        if found.before:
            said = "broken late events of somebody who was erased were deleted from the dead letters: %d"
            LOG.warning(said, found.before)

    def _tell_closed(self, numbers: Collection[int]) -> None:
        if numbers:
            self._tell(
                f"{len(numbers):,} dead letters do not open with these keys, so they may hold something of somebody who"
                " was erased: `decisor erase` names them"
            )

    def _put_off(self, customer: str, failures: int) -> None:
        pause = min(2.0 ** min(failures, 30), LONGEST_PAUSE)
        self._waits[customer] = _Wait(failures, time.monotonic() + pause)

    def _let_go(self, connection: Connection) -> None:
        touched, self._touched = self._touched, set()
        self._next_letting_go = time.monotonic() + LET_GO_SECONDS
        for refused in self._erasure_of(connection, self._pause).let_go(touched):
            LOG.warning(refused)

    def _merge(self, connection: Connection) -> None:
        """Have the index drop its old bytes; where it does not answer, the next look does."""
        try:
            self._erasure_of(connection, self._pause).merge_segments(self._now_ms())
        except StoppedError:
            raise
        except Exception as problem:
            if "elasticsearch" not in type(problem).__module__ and not isinstance(problem, RuntimeError):
                raise
            self._tell(f"the index was not asked to drop what was deleted from it: {describe_problem(problem)}")

    def _pause(self) -> None:
        if self._present().stop.wait(PAUSE_SECONDS):
            raise StoppedError("the worker ends")

    def _tell(self, text: str) -> None:
        """A line for what was not told since an erasure was last ended."""
        if text not in self._told:
            self._told.add(text)
            LOG.warning(text)
