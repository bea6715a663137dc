"""A fresh data key for every profile: the profile and its whole history are sealed anew, as the catalogue now says.

This is also how the history is brought in line when a field becomes encrypted that was not, or is no longer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..encryption.cipher import new_key
from ..encryption.data_keys import context_of, put_data_keys
from ..encryption.in_use import master_in_use
from ..encryption.sealed_vault import SealedVault
from ..encryption.sealing import is_sealed
from ..profiles.event_store import put_data
from ..profiles.profile_store import put_values
from ..storage.batches import batch_by_events
from .plain_history import PlainHistory, strike_out
from .proving import refuse_other_keys
from .walk import Report, open_task, silent, walk

if TYPE_CHECKING:
    from psycopg import Connection

BATCH = 20  # profiles, each with its whole history; those with long ones are read in smaller batches

_COUNTS = "SELECT profile, events FROM profile WHERE profile = ANY(%b) ORDER BY profile"
_VALUES = "SELECT profile, value FROM profile WHERE profile = ANY(%b)"
_EVENTS = "SELECT profile, position, instant(at), id, type, data FROM event WHERE profile = ANY(%b)"


def rotate_data(
    connection: Connection, vault: SealedVault, task: str, batch: int = BATCH, report: Report = silent
) -> int:
    """How many profiles were sealed with a fresh key; `task` names the rotation, so that a broken one goes on.

    Nothing is changed with keys that are not the database's. Raises KeysRefusedError.
    """
    refuse_other_keys(connection, vault.keyring)
    vault.keyring.master(master_in_use(connection, vault.keyring))

    def step(inside: Connection, profiles: Sequence[str]) -> list[str]:
        counts: list[tuple[str, int]] = inside.execute(_COUNTS, (list(profiles),)).fetchall()
        batches = batch_by_events(counts, lambda row: row[1])
        return [each for rows in batches for each in _reseal(inside, vault, [profile for profile, _ in rows])]

    return walk(connection, task, step, batch, report)


def rotate_all_data(connection: Connection, vault: SealedVault, noted: PlainHistory, report: Report = silent) -> int:
    """As `rotate_data`, and goes on with what was broken off, unless fields have become encrypted meanwhile.

    `noted` was read before the catalogue of the vault was.
    """
    kind = f"data {noted.mark} "
    count = rotate_data(connection, vault, open_task(connection, kind) or f"{kind}{os.urandom(6).hex()}", report=report)
    strike_out(connection, noted)
    return count


def _reseal(connection: Connection, vault: SealedVault, profiles: Sequence[str]) -> list[str]:
    sealing = vault.sealing
    kept: dict[str, Any] = dict(connection.execute(_VALUES, (list(profiles),)).fetchall())
    rows = connection.execute(_EVENTS, (list(profiles),)).fetchall()
    events = [
        (profile, {"id": name, "position": position, "type": kind, "data": data})
        for profile, position, _, name, kind, data in rows
    ]
    values = vault.open_values(connection, kept)
    opened = vault.open_events(connection, events)
    needing = {profile for profile, value in values.items() if is_sealed(kept[profile]) or sealing.profile_needs(value)}
    for (profile, event), data in zip(events, opened, strict=True):
        if is_sealed(event["data"]) or sealing.event_needs(event["type"], data):
            needing.add(profile)
    keys = {profile: new_key() for profile in sorted(needing)}
    vault.data_keys.forget(keys)
    master = vault.keyring.master(master_in_use(connection, vault.keyring))
    wrapped = [master.wrap(key, context_of(profile)) for profile, key in keys.items()]
    put_data_keys(connection, master.id, dict(zip(keys, wrapped, strict=True)))
    put_values(
        connection,
        {profile: _text(sealing.seal_profile(profile, values[profile], key)) for profile, key in keys.items()},
    )
    told = [
        (profile, event["position"], row[2], _text(sealing.seal_event(profile, event | {"data": data}, keys[profile])))
        for row, (profile, event), data in zip(rows, events, opened, strict=True)
        if profile in keys
    ]
    if told:
        put_data(connection, told)
    return list(keys)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
