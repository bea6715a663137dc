"""Stages: work that other packages register with a worker, each in a thread of its own alongside the loop.

A slow or failing stage delays neither the loop nor another stage: it has its own connection, works in bounded steps,
and is retried at growing intervals.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from psycopg import Connection

Scope = Literal["partitions", "owner"]


@dataclass(frozen=True, slots=True)
class Turn:
    """The input of a step: its connection in autocommit, its partitions, and an event that stops the worker."""

    connection: Connection
    partitions: Collection[int]
    stop: threading.Event


class StageWaitsError(RuntimeError):
    """A stage cannot continue for now. The message goes to the log, so it holds no values."""


class Stage(Protocol):
    """Work that a worker does alongside its loop.

    `name` names the thread, the lines of the log and, as `decisor <name>`, the connection. With the scope "partitions"
    every worker runs the stage, for the partitions that it owns; with "owner" one worker at a time runs it for all of
    them, and the lock that makes it the owner ends with the connection. `period` is how many seconds the stage rests
    when it found nothing to do.
    """

    @property
    def name(self) -> str:
        """The stage's name."""
        ...

    @property
    def scope(self) -> Scope:
        """Whether every worker runs it, or one."""
        ...

    @property
    def period(self) -> float:
        """Seconds of rest."""
        ...

    def step(self, turn: Turn) -> bool:
        """Do a bounded amount of work; returns whether more may be waiting. Raises StageWaitsError or others."""
        ...

    def drain(self, turn: Turn) -> None:
        """Do all remaining work, for a worker that ends when nothing waits."""
        ...

    def close(self) -> None:
        """Release the stage's resources; also called after a failure, before the stage is retried."""
        ...
