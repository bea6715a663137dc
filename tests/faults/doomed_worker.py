"""A worker that kills itself at the COUNT-th pass of POINT, or stops until it is told to go on.

Called as `doomed_worker.py POSTGRES_URL REDIS_URL NOW_MS POINT COUNT KILL|STOP drain|stay`.

A point is the beginning or the end of a step: `process:before`, `process:after` (committed and not published),
`locked:after` (inside the transaction), `commit:before` (all written and not committed), `send:before`, `send:after`,
`exchange:before`, `exchange:after` (published and acknowledged), `trim:after`. On a Cluster `expect:after` (about to
write, as the cursors are right).
"""

from __future__ import annotations

import signal
import sys

from engine.encryption.vault import OpenVault
from engine.storage.postgres import connect_postgres
from engine.storage.redis_client import connect_redis
from engine.worker import event_queue, fence, loop, redis_batch, transaction
from tests.faults.doom import Steps, doom

STEPS: Steps = {
    "process": (transaction.Processor, "process"),
    "locked": (transaction.Processor, "_in_force"),
    "commit": (transaction.Processor, "_write"),
    "send": (redis_batch.Batch, "send"),
    "expect": (redis_batch, "expect"),
    "exchange": (fence.Fence, "_exchange"),
    "trim": (event_queue.Queue, "trim"),
}


def main() -> None:
    """Work until the end comes, or, to drain, until there is nothing left."""
    postgres, redis, now_ms, point, count, name, ending = sys.argv[1:]
    doom(STEPS, point, int(count), signal.Signals[f"SIG{name}"])
    loop.BATCH = 48  # so that there are many transactions to die in
    loop.Worker(
        connect_redis(redis),
        lambda: connect_postgres(postgres, autocommit=True, application="decisor worker"),
        lambda connection: transaction.Processor(connection, OpenVault()),
        clock=loop.Clock(int(now_ms)),
    ).run(drain=ending == "drain")


if __name__ == "__main__":
    main()
