"""One worker process: the loop, and the stages alongside it."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ..stages.runner import StageRunner
from ..stages.stage import Stage, Turn
from ..storage.partitions import PARTITIONS
from ..storage.redis_protocol import RedisClient
from .changes import Tally
from .loop import Clock, Worker
from .transaction import Processor

if TYPE_CHECKING:
    from psycopg import Connection

APPLICATION: Final = "decisor worker"
DRAIN_APPLICATION: Final = "decisor drain"


@dataclass(slots=True)
class WorkerProcess:
    """A worker and its stages; `connect` opens PostgreSQL in autocommit, under an application name.

    A draining worker does not run the stages alongside its loop; it drains them afterwards, in their order.
    """

    redis: RedisClient
    connect: Callable[[str], Connection]
    open_processor: Callable[[Connection], Processor]
    stages: Sequence[Stage] = ()
    clock: Clock = field(default_factory=Clock)
    tally: Tally = field(default_factory=Tally)
    _stop: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Stop soon, with nothing left half done."""
        self._stop.set()

    def run(self, *, drain: bool = False) -> Tally:
        """Work until stopped, or until nothing is left to do; returns the tally, which `tally` holds too.

        Raises what a stage raises when it cannot be drained.
        """
        worker = Worker(
            self.redis, lambda: self.connect(APPLICATION), self.open_processor, clock=self.clock, stop=self._stop
        )
        ended = threading.Event()
        runners = [StageRunner(stage, self.connect, lambda: worker.owned, ended) for stage in self.stages]
        threads = [
            threading.Thread(target=runner.run, name=stage.name)
            for runner, stage in zip(runners, self.stages, strict=True)
        ]
        for thread in () if drain else threads:
            thread.start()
        try:
            worker.run(drain=drain)
        finally:
            self.tally = worker.tally
            ended.set()
            for thread in () if drain else threads:
                thread.join()
        if drain:
            self._drain()
        return worker.tally

    def _drain(self) -> None:
        with self.connect(DRAIN_APPLICATION) as connection:
            turn = Turn(connection, range(PARTITIONS), self._stop)
            for stage in self.stages:
                if self._stop.is_set():
                    return
                try:
                    stage.drain(turn)
                finally:
                    stage.close()


def calm_collector() -> None:
    """Make Python's cycle collector run less often: a worker's cache holds many values, and hardly a cycle."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 200, 100)  # the young generation is traversed in a few milliseconds
