"""Registers a program before workers run it: its catalogue, and its new segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..encryption.vault import Vault
from ..ir.program import Program
from ..rotation.plain_history import note_plain_history
from ..segments.registry import (
    activate_unfilled,
    definition_of,
    put_catalogue,
    read_catalogue,
    read_segments,
)
from ..segments.sealed_definitions import reseal_definitions
from ..storage.partitions import PARTITIONS, lock_partitions

if TYPE_CHECKING:
    from psycopg import Connection

PREPARE_LOCK: Final = 0x0DEC_0003


def prepare(connection: Connection, program: Program, vault: Vault) -> list[str]:
    """Migrate, make the program's catalogue the one that profiles are folded with, and register new segments.

    Returns notes on what is left to do. While there are no profiles yet, a definition can run at once; later it takes
    a rebuild. `vault` is that of the program's catalogue, and definitions are stored as it requires from now on. Raises
    KeysRefusedError if that takes a key that is missing; nothing has changed then.
    """
    from ..rotation.status import refuse_missing_keys
    from ..storage.migrate import migrate

    migrate(connection)
    refuse_missing_keys(connection, vault)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (PREPARE_LOCK,))
        lock_partitions(
            connection, range(PARTITIONS)
        )  # a barrier: nobody folds a first profile under other definitions meanwhile
        notes = []
        before = read_catalogue(connection)
        is_new = put_catalogue(connection, program.catalogue)
        if is_new:
            note_plain_history(connection, before, program.catalogue)
            notes.append("the catalogue is new; profiles will be refolded gradually")
        reseal_definitions(connection, vault, changed=is_new)
        registered = read_segments(connection)
        wanted = {name: definition_of(program, name) for name in program.segments}
        new = [name for name in wanted if name not in registered]
        changed = [
            name
            for name, each in registered.items()
            if name in wanted and each.active is not None and each.active != wanted[name].digest
        ]
        row = connection.execute("SELECT EXISTS (SELECT FROM profile)").fetchone()
        if row and not row[0] and (new or changed):
            activate_unfilled(connection, {name: wanted[name] for name in [*new, *changed]}, vault)
            new = changed = []
            notes = []
    if new or changed:
        names = " ".join(sorted([*new, *changed]))
        notes.append(
            f"not running yet, or in another version: {names}; `decisor segments rebuild {names}` switches them in"
        )
    gone = sorted(set(registered) - set(wanted))
    if gone:
        notes.append(
            f"running, but not in this workspace: {', '.join(gone)}; `decisor segments rebuild --retire` ends them"
        )
    return notes
