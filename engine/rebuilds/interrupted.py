"""What a rebuild leaves behind that was killed: ended where it was behind the point of no return, else thrown away."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..encryption.vault import Vault
from ..segments.claim import SegmentBusyError
from ..segments.owners import note_running
from ..segments.registry import abandon_building
from ..segments.staging_store import forget_staged
from ..storage import keys
from .lease import Note, drop_notes, leased, notes
from .switching import NotPublishedError, Switch

if TYPE_CHECKING:
    from psycopg import Connection


@dataclass(frozen=True, slots=True)
class Cleared:
    """What became of rebuilds that did not end: their switch was ended, or cannot be yet; all others are forgotten."""

    ended: list[str] = field(default_factory=list)
    waiting: dict[str, RuntimeError] = field(default_factory=dict)


def recover(
    connection: Connection,
    redis: Any,
    vault: Vault,
    clock: Callable[[], int],
    names: Collection[str] | None = None,
) -> list[str]:
    """Clear up behind rebuilds whose process is gone, of all segments or of some; those that had been cut short.

    A switch that cannot be ended yet, because its segment is being filled or a worker publishes too late, is left.
    """
    found = []
    switch = Switch(connection, redis, vault, clock, {})
    for name in notes(connection, names):
        try:
            with leased(connection, [name]) as left:
                if left and not clear_up(connection, redis, switch, left).waiting:
                    found.append(name)
        except SegmentBusyError:
            continue
    return found


def clear_up(connection: Connection, redis: Any, switch: Switch, left: Mapping[str, Note]) -> Cleared:
    """End what these rebuilds have switched in Redis, throw away the rest; the caller holds the segments' locks."""
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


def abandon(connection: Connection, redis: Any, names: Collection[str]) -> None:
    """Throw away what was built of segments; what served goes on serving."""
    wanted = list(names)
    with connection.transaction():
        abandon_building(connection, wanted)
        drop_notes(connection, wanted)
    sweep(connection, redis, names)
    note_running(connection, redis)


def sweep(connection: Connection, redis: Any, names: Collection[str]) -> None:
    """Remove what was built of segments and not switched in."""
    forget_staged(connection, names)
    pipeline = redis.pipeline(transaction=False)
    for name in names:
        pipeline.unlink(keys.next_members(name))
        pipeline.unlink(keys.switched(name))
    pipeline.execute()
