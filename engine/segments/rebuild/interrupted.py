"""What a rebuild leaves behind that was killed: ended where it was behind the point of no return, else thrown away."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from ...profiles.vault import Vault
from ...storage import keys
from ..registry import rise
from .lease import RebuildRunningError, drop_notes, leased, notes
from .switching import Switch

if TYPE_CHECKING:
    from psycopg import Connection

_STAGED = (
    "DELETE FROM staged_transition AS staged WHERE staged.segment = ANY(%s) AND staged.generation > coalesce("
    "(SELECT generation FROM segment WHERE segment.name = staged.segment), 0)"
)


def recover(
    connection: Connection,
    redis: Any,
    vault: Vault,
    clock: Callable[[], int],
    names: Collection[str] | None = None,
) -> list[str]:
    """Clear up behind rebuilds whose process is gone, of all segments or of some; those that had been cut short."""
    found = []
    for name in notes(connection, names):
        try:
            with leased(connection, [name]) as left:
                note = left.get(name)
                if note is None:
                    continue
                found.append(name)
                if not (note.switching and Switch(connection, redis, vault, clock, {}).finish(name, note)):
                    abandon(connection, redis, [name])
        except RebuildRunningError:
            continue
    return found


def abandon(connection: Connection, redis: Any, names: Collection[str]) -> None:
    """Throw away what was built of segments; what served goes on serving."""
    wanted = list(names)
    with connection.transaction():
        connection.execute("UPDATE segment SET building_digest = NULL, building = NULL WHERE name = ANY(%s)", (wanted,))
        connection.execute("DELETE FROM segment WHERE name = ANY(%s) AND active IS NULL AND generation = 0", (wanted,))
        connection.execute("DELETE FROM live_verdict WHERE segment = ANY(%s)", (wanted,))
        drop_notes(connection, wanted)
        rise(connection)
    sweep(connection, redis, names)


def sweep(connection: Connection, redis: Any, names: Collection[str]) -> None:
    """Remove what was built of segments and not switched in."""
    connection.execute(_STAGED, (list(names),))
    pipeline = redis.pipeline(transaction=False)
    for name in names:
        pipeline.unlink(keys.next_members(name))
        pipeline.unlink(keys.switched(name))
    pipeline.execute()
