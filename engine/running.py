"""A worker with all its stages: the rebuilds that are to be ended, open erasures, the search index and the audit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .encryption.vault import OpenVault, Vault
from .erasure.erasure import Erasure
from .erasure.notices import Notices
from .erasure.place import Stores
from .erasure.stage import ErasureStage, Pause
from .index.audit import IndexAudit
from .index.follower import IndexFollower
from .index.names import ALIAS
from .index.stage import IndexStage
from .ir.types import Catalogue
from .profiles.suppression import Suppressed
from .rebuilds.audit_stage import AuditStage
from .rebuilds.stage import RebuildStage
from .rotation.letter_stage import LetterStage
from .stages.stage import Stage
from .storage.redis_protocol import RedisClient
from .worker.loop import Clock
from .worker.process import WorkerProcess
from .worker.publish import settle
from .worker.transaction import Processor

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch
    from psycopg import Connection


def worker_process(  # noqa: PLR0913 - what a worker needs, the most of it by name and with a default
    redis: RedisClient,
    connect: Callable[[str], Connection],
    catalogue: Catalogue,
    *,
    elasticsearch: Elasticsearch | None = None,
    clock: Clock | None = None,
    vault: Vault | None = None,
    alias: str = ALIAS,
) -> WorkerProcess:
    """One worker process; `connect` opens PostgreSQL in autocommit, under a name that the server shows.

    With a client of Elasticsearch the search index under `alias` follows; `run` then raises IndexRefusedError when a
    drain cannot bring the index up to date.
    """
    clock, vault = clock or Clock(), vault or OpenVault()

    def open_processor(connection: Connection) -> Processor:
        return Processor(connection, vault, suppressed=Suppressed())

    def erasure_of(connection: Connection, pause: Pause) -> Erasure:
        stores = Stores(connection, redis, elasticsearch, vault, catalogue.key, alias, pause=pause)
        return Erasure(stores, lambda upto: settle(connection, redis, upto, vault))

    stages: list[Stage] = [
        RebuildStage(redis, vault, clock.now_ms),
        LetterStage(vault),
        ErasureStage(erasure_of, Notices(redis), clock.now_ms),
    ]
    index = None
    if elasticsearch is not None:
        follower = IndexFollower(lambda: connect("decisor index"), elasticsearch, catalogue, vault=vault, alias=alias)
        stages.append(IndexStage(follower))
        index = IndexAudit(elasticsearch, catalogue, vault, alias)
    stages.append(AuditStage(redis, open_processor, clock.now_ms, index))
    return WorkerProcess(redis, connect, open_processor, stages, clock)
