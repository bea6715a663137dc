"""Stages: work beside the loop that other packages register with a worker, each in a thread of its own.

A stage that is slow or fails delays neither the loop nor another stage: it has its own connection, works in bounded
steps, and is tried again at growing distances.
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
    """What a step works with: its connection in autocommit, the partitions it is for, and whether the worker stops."""

    connection: Connection
    partitions: Collection[int]
    stop: threading.Event


class StageWaitsError(RuntimeError):
    """A stage cannot go on for now. The message goes to the log, so it holds no values."""


class Stage(Protocol):
    """Work that a worker does beside its loop.

    `name` names the thread, the lines of the log and, as `decisor <name>`, the connection. With the scope "partitions"
    every worker runs the stage, for the partitions that it owns; with "owner" one worker at a time runs it for all of
    them, and the lock that makes it the owner goes with the connection. `period` is how many seconds the stage rests
    when it has found nothing to do.
    """

    @property
    def name(self) -> str:
        """What the stage is called."""
        ...

    @property
    def scope(self) -> Scope:
        """Whether each worker runs it, or one."""
        ...

    @property
    def period(self) -> float:
        """Seconds of rest."""
        ...

    def step(self, turn: Turn) -> bool:
        """Do a bounded amount of work; whether there may be more at once. Raises StageWaitsError, or anything else."""
        ...

    def drain(self, turn: Turn) -> None:
        """Do all that is left to do, for a worker that ends when nothing waits."""
        ...

    def close(self) -> None:
        """Let go of what the stage holds; after a failure too, before it is tried again."""
        ...
