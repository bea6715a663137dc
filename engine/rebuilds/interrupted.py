"""Cleans up after a killed rebuild: finished if it was past the point of no return, otherwise discarded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..encryption.vault import Vault
from ..segments.claim import SegmentBusyError
from ..segments.owners import note_running
from ..segments.registry import abandon_building
from ..segments.staging_store import forget_staged
from ..storage import keys
from ..storage.redis_protocol import RedisClient
from .lease import Note, drop_notes, hold_leases, notes
from .switching import NotPublishedError, Switch

if TYPE_CHECKING:
    from psycopg import Connection


@dataclass(frozen=True, slots=True)
class Cleared:
    """What became of unfinished rebuilds: their switch was finished, or cannot be yet; the others were discarded."""

    ended: list[str] = field(default_factory=list)
    waiting: dict[str, RuntimeError] = field(default_factory=dict)


def recover(
    connection: Connection,
    redis: RedisClient,
    vault: Vault,
    clock: Callable[[], int],
    names: Collection[str] | None = None,
) -> list[str]:
    """Clean up after rebuilds whose process is gone, of all segments or of some; returns the segments cleaned up.

    A switch that cannot be finished yet, because its segment is being filled or a worker publishes too late, stays.
    """
    found = []
    switch = Switch(connection, redis, vault, clock, {})
    for name in notes(connection, names):
        try:
            with hold_leases(connection, [name]) as left:
                if left and not clear_up(connection, redis, switch, left).waiting:
                    found.append(name)
        except SegmentBusyError:
            continue
    return found


def clear_up(connection: Connection, redis: RedisClient, switch: Switch, left: Mapping[str, Note]) -> Cleared:
    """Finish what these rebuilds have switched in Redis, discard the rest; the caller holds the segments' locks."""
    cleared = Cleared()
    for name, note in left.items():
        try:
            if note.switching and switch.finish(name, note):
                cleared.ended.append(name)
            else:
                abandon(connection, redis, [name])
        except (SegmentBusyError, NotPublishedError) as problem:
            cleared.waiting[name] = problem
    return cleared


def abandon(connection: Connection, redis: RedisClient, names: Collection[str]) -> None:
    """Discard what was built of segments; the current sets go on serving."""
    wanted = list(names)
    with connection.transaction():
        abandon_building(connection, wanted)
        drop_notes(connection, wanted)
    sweep(connection, redis, names)
    note_running(connection, redis)


def sweep(connection: Connection, redis: RedisClient, names: Collection[str]) -> None:
    """Remove what was built of segments but not switched in."""
    forget_staged(connection, names)
    pipeline = redis.pipeline(transaction=False)
    for name in names:
        pipeline.unlink(keys.next_members(name))
        pipeline.unlink(keys.switch_mark(name))
    pipeline.execute()
