"""Writes changes as rows, each statement for many customers at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..encryption.vault import Vault
from ..ir.instant import format_instant
from ..profiles.letter_store import LetterRow, write_letter_rows
from ..profiles.outbox import write_changes
from ..profiles.profile_store import ProfileRow, write_profiles
from ..segments.transition_store import write_transitions
from .arrivals import Letter
from .changes import Change

if TYPE_CHECKING:
    from psycopg import Connection


def write_changed_profiles(
    connection: Connection, changes: Sequence[Change], positions: Mapping[str, int], digest: str
) -> None:
    """Write the profile rows; `positions` are the numbers of the last events, `digest` is the catalogue's."""
    rows = [
        ProfileRow(
            each.profile,
            each.partition,
            each.version,
            positions[each.profile],
            _json(each.sealed),
            format_instant(each.now_ms),
            None if each.due_ms is None else format_instant(each.due_ms),
        )
        for each in changes
    ]
    write_profiles(connection, rows, digest)


def write_outbox(connection: Connection, changes: Sequence[Change]) -> None:
    """Write one row for each change that must reach Redis and the index."""
    ordered = [each for each in changes if each.seq is not None]
    if ordered:
        write_changes(
            connection,
            (each.partition for each in ordered),
            (each.seq or 0 for each in ordered),
            (each.profile for each in ordered),
        )


def write_changed_membership(connection: Connection, changes: Sequence[Change]) -> None:
    """Write one row for each transition, at the place of its change in the partition's order."""
    write_transitions(
        connection, [(each, change.partition, change.seq or 0) for change in changes for each in change.transitions]
    )


def write_letters(connection: Connection, letters: Sequence[Letter], vault: Vault, now_ms: int) -> None:
    """Write the dead letters; one that is already there stays as it is."""
    if letters:
        sealed = vault.seal_payloads(connection, [(each.source, each.payload) for each in letters])
        rows = [
            LetterRow(each.source, each.profile, each.code, each.reason, payload, is_sealed)
            for each, (payload, is_sealed) in zip(letters, sealed, strict=True)
        ]
        write_letter_rows(connection, rows, format_instant(now_ms))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
