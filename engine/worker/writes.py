"""The statements by which changes become rows, each for many customers at once."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ..encryption.vault import Vault
from ..ir.instant import format_instant
from ..profiles.letter_store import LetterRow, write_letter_rows
from ..profiles.outbox import write_changes
from ..profiles.profile_store import ProfileRow, write_profiles
from ..segments.transitions import Reason, Transition
from ..storage.arrays import flags, numbers, optional_texts, texts
from .arrivals import Letter
from .changes import Change

if TYPE_CHECKING:
    from psycopg import Connection

_TRANSITIONS = (
    "INSERT INTO transition (segment, profile, number, at, reason, digest, cause, silent, partition, seq)"
    " SELECT segment, profile, number, at::timestamptz, reason, digest, cause, silent, partition, seq"
    " FROM unnest(%s::text[], %s::text[], %s::integer[], %s::text[], %s::text[], %s::text[], %s::text[], %s::boolean[],"
    " %s::smallint[], %s::bigint[])"
    " AS given (segment, profile, number, at, reason, digest, cause, silent, partition, seq)"
)
_VERDICTS = (
    "INSERT INTO live_verdict (segment, profile, member) SELECT * FROM unnest(%s::text[], %s::text[], %s::boolean[])"
    " AS given (segment, profile, member) ON CONFLICT (segment, profile) DO UPDATE SET member = excluded.member"
)
_STAGED = (
    "DELETE FROM staged_transition AS staged USING segment"
    " WHERE staged.profile = ANY(%s) AND segment.name = staged.segment AND staged.generation <= segment.generation"
    " RETURNING staged.generation, staged.segment, staged.profile, staged.enter, ms(staged.at), staged.reason,"
    " staged.digest, staged.silent"
)


def write_changed_profiles(
    connection: Connection, changes: Sequence[Change], positions: Mapping[str, int], digest: str
) -> None:
    """The profile rows; `positions` are the numbers of the last events, `digest` the catalogue's."""
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
    """One row for each change that Redis and the index must hear of."""
    told = [each for each in changes if each.seq is not None]
    if told:
        write_changes(
            connection,
            (each.partition for each in told),
            (each.seq or 0 for each in told),
            (each.profile for each in told),
        )


def write_transitions(connection: Connection, changes: Sequence[Change]) -> None:
    """One row for each transition, at the place of its change in the partition's order."""
    rows = [(each, change) for change in changes for each in change.transitions]
    if rows:
        connection.execute(
            _TRANSITIONS,
            (
                texts(each.segment for each, _ in rows),
                texts(each.profile for each, _ in rows),
                numbers(each.number for each, _ in rows),
                texts(format_instant(each.at_ms) for each, _ in rows),
                texts(each.reason for each, _ in rows),
                texts(each.digest for each, _ in rows),
                optional_texts(each.cause for each, _ in rows),
                flags(each.silent for each, _ in rows),
                numbers(change.partition for _, change in rows),
                numbers(change.seq or 0 for _, change in rows),
            ),
        )


def write_verdicts(connection: Connection, verdicts: Sequence[tuple[str, str, bool]]) -> None:
    """What definitions that are being built say: segment, profile, member."""
    if verdicts:
        segments, profiles, members = zip(*verdicts, strict=True)
        connection.execute(_VERDICTS, (texts(segments), texts(profiles), flags(members)))


def write_letters(connection: Connection, letters: Sequence[Letter], vault: Vault, now_ms: int) -> None:
    """The dead letters; one that is there already is left as it is."""
    if letters:
        sealed = vault.seal_payloads(connection, [(each.source, each.payload) for each in letters])
        rows = [
            LetterRow(each.source, each.profile, each.code, each.reason, payload, is_sealed)
            for each, (payload, is_sealed) in zip(letters, sealed, strict=True)
        ]
        write_letter_rows(connection, rows, format_instant(now_ms))


def take_staged(connection: Connection, profiles: Collection[str]) -> list[tuple[Transition, bool]]:
    """What rebuilds have decided of these customers, taken off the stage, and whether each enters; numbers are 0."""
    rows = connection.execute(_STAGED, (list(profiles),)).fetchall()
    return [
        (Transition(segment, profile, 0, at_ms, cast("Reason", reason), digest, None, silent), enter)
        for _generation, segment, profile, enter, at_ms, reason, digest, silent in sorted(rows)
    ]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
