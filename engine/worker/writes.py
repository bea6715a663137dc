"""The statements by which changes become rows, each for many customers at once."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ..encryption.vault import Vault
from ..ir.instant import format_instant
from ..segments.transitions import Reason, Transition
from ..storage.arrays import flags, numbers, optional_texts, texts
from .arrivals import Letter
from .changes import Change

if TYPE_CHECKING:
    from psycopg import Connection

_PROFILES = (
    "INSERT INTO profile (profile, partition, version, events, value, computed_at, due_at, catalogue_digest)"
    " SELECT profile, partition, version, events, value::json, computed_at::timestamptz, due_at::timestamptz, digest"
    " FROM unnest(%s::text[], %s::smallint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[],"
    " %s::text[]) AS given (profile, partition, version, events, value, computed_at, due_at, digest)"
    " ON CONFLICT (profile) DO UPDATE SET version = excluded.version, events = excluded.events, value = excluded.value,"
    " computed_at = excluded.computed_at, due_at = excluded.due_at, catalogue_digest = excluded.catalogue_digest"
)
_OUTBOX = (
    "INSERT INTO outbox (partition, seq, profile, kind)"
    " SELECT partition, seq, profile, 'change' FROM unnest(%s::smallint[], %s::bigint[], %s::text[])"
    " AS given (partition, seq, profile)"
)
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
    connection.execute(
        _PROFILES,
        (
            texts(each.profile for each in changes),
            numbers(each.partition for each in changes),
            numbers(each.version for each in changes),
            numbers(positions[each.profile] for each in changes),
            texts(_json(each.sealed) for each in changes),
            texts(format_instant(each.now_ms) for each in changes),
            optional_texts(None if each.due_ms is None else format_instant(each.due_ms) for each in changes),
            texts([digest] * len(changes)),
        ),
    )


def write_outbox(connection: Connection, changes: Sequence[Change]) -> None:
    """One row for each change that Redis and the index must hear of."""
    told = [each for each in changes if each.seq is not None]
    if told:
        partitions, seqs = numbers(each.partition for each in told), numbers(each.seq or 0 for each in told)
        connection.execute(_OUTBOX, (partitions, seqs, texts(each.profile for each in told)))


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
