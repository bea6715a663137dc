"""The statements by which changes become rows, each for many customers at once."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ...ir.instant import format_instant
from ...profiles.vault import Vault
from .arrivals import Letter
from .changes import Change, Reason, Transition

if TYPE_CHECKING:
    from psycopg import Connection

_PROFILES = (
    "INSERT INTO profile (profile, partition, version, events, value, computed_at, due_at, catalogue_digest)"
    " SELECT profile, partition, version, events, value::json, computed_at::timestamptz, due_at::timestamptz, digest"
    " FROM unnest(%b::text[], %b::smallint[], %b::bigint[], %b::bigint[], %b::text[], %b::text[], %b::text[],"
    " %b::text[]) AS given (profile, partition, version, events, value, computed_at, due_at, digest)"
    " ON CONFLICT (profile) DO UPDATE SET version = excluded.version, events = excluded.events, value = excluded.value,"
    " computed_at = excluded.computed_at, due_at = excluded.due_at, catalogue_digest = excluded.catalogue_digest"
)
_OUTBOX = (
    "INSERT INTO outbox (partition, seq, profile, kind)"
    " SELECT partition, seq, profile, 'change' FROM unnest(%b::smallint[], %b::bigint[], %b::text[])"
    " AS given (partition, seq, profile)"
)
_TRANSITIONS = (
    "INSERT INTO transition (segment, profile, number, at, reason, digest, cause, silent, partition, seq)"
    " SELECT segment, profile, number, at::timestamptz, reason, digest, cause, silent, partition, seq"
    " FROM unnest(%b::text[], %b::text[], %b::integer[], %b::text[], %b::text[], %b::text[], %b::text[], %b::boolean[],"
    " %b::smallint[], %b::bigint[])"
    " AS given (segment, profile, number, at, reason, digest, cause, silent, partition, seq)"
)
_VERDICTS = (
    "INSERT INTO live_verdict (segment, profile, member) SELECT * FROM unnest(%b::text[], %b::text[], %b::boolean[])"
    " AS given (segment, profile, member) ON CONFLICT (segment, profile) DO UPDATE SET member = excluded.member"
)
_LETTERS = (
    "INSERT INTO dead_letter (received_at, source, profile, code, reason, payload, sealed)"
    " SELECT %s::timestamptz, source, profile, code, reason, payload, sealed"
    " FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::bytea[], %b::boolean[])"
    " AS given (source, profile, code, reason, payload, sealed) ON CONFLICT (source) DO NOTHING"
)
_STAGED = (
    "DELETE FROM staged_transition AS staged USING segment"
    " WHERE staged.profile = ANY(%s) AND segment.name = staged.segment AND staged.generation <= segment.generation"
    " RETURNING staged.generation, staged.segment, staged.profile, staged.enter, ms(staged.at), staged.reason,"
    " staged.digest, staged.silent"
)


def write_profiles(
    connection: Connection, changes: Sequence[Change], positions: Mapping[str, int], digest: str
) -> None:
    """The profile rows; `positions` are the numbers of the last events, `digest` the catalogue's."""
    due = [None if each.due_ms is None else format_instant(each.due_ms) for each in changes]
    connection.execute(
        _PROFILES,
        (
            [each.profile for each in changes],
            [each.partition for each in changes],
            [each.version for each in changes],
            [positions[each.profile] for each in changes],
            [_json(each.sealed) for each in changes],
            [format_instant(each.now_ms) for each in changes],
            due,
            [digest] * len(changes),
        ),
    )


def write_outbox(connection: Connection, changes: Sequence[Change]) -> None:
    """One row for each change that Redis and the index must hear of."""
    told = [each for each in changes if each.seq is not None]
    if told:
        columns = ([each.partition for each in told], [each.seq for each in told], [each.profile for each in told])
        connection.execute(_OUTBOX, columns)


def write_transitions(connection: Connection, changes: Sequence[Change]) -> None:
    """One row for each transition, at the place of its change in the partition's order."""
    rows = [(each, change) for change in changes for each in change.transitions]
    if rows:
        connection.execute(
            _TRANSITIONS,
            (
                [each.segment for each, _ in rows],
                [each.profile for each, _ in rows],
                [each.number for each, _ in rows],
                [format_instant(each.at_ms) for each, _ in rows],
                [each.reason for each, _ in rows],
                [each.digest for each, _ in rows],
                [each.cause for each, _ in rows],
                [each.silent for each, _ in rows],
                [change.partition for _, change in rows],
                [change.seq for _, change in rows],
            ),
        )


def write_verdicts(connection: Connection, verdicts: Sequence[tuple[str, str, bool]]) -> None:
    """What definitions that are being built say: segment, profile, member."""
    if verdicts:
        connection.execute(_VERDICTS, tuple(list(column) for column in zip(*verdicts, strict=True)))


def write_letters(connection: Connection, letters: Sequence[Letter], vault: Vault, now_ms: int) -> None:
    """The dead letters; one that is there already is left as it is."""
    if letters:
        sealed = [vault.seal_payload(each.payload) for each in letters]
        connection.execute(
            _LETTERS,
            (
                format_instant(now_ms),
                [each.source for each in letters],
                [each.profile for each in letters],
                [each.code for each in letters],
                [each.reason for each in letters],
                [payload for payload, _ in sealed],
                [is_sealed for _, is_sealed in sealed],
            ),
        )


def take_staged(connection: Connection, profiles: Collection[str]) -> list[tuple[Transition, bool]]:
    """What rebuilds have decided of these customers, taken off the stage, and whether each enters; numbers are 0."""
    rows = connection.execute(_STAGED, (list(profiles),)).fetchall()
    return [
        (Transition(segment, profile, 0, at_ms, cast("Reason", reason), digest, None, silent), enter)
        for _generation, segment, profile, enter, at_ms, reason, digest, silent in sorted(rows)
    ]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
