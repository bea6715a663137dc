"""What is stored while a rebuild runs: workers' verdicts on the new definition, and staged enters and exits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, cast

from ..storage.arrays import flags, texts
from .transitions import Reason, Transition

if TYPE_CHECKING:
    from psycopg import Connection

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
_TAKE = "DELETE FROM live_verdict WHERE segment = %s AND profile = ANY(%s) RETURNING profile, member"
_TAKE_ALL = "DELETE FROM live_verdict WHERE segment = %s RETURNING profile, member"
_UNSTAGE = "DELETE FROM staged_transition WHERE segment = %s AND generation = %s AND profile = ANY(%s)"
_STAGE = (
    "INSERT INTO staged_transition (segment, generation, profile, enter, at, reason, digest, silent)"
    " SELECT %s, %s, given.profile, given.member, %s::timestamptz, %s, %s, %s"
    " FROM unnest(%s::text[], %s::boolean[]) AS given (profile, member) WHERE given.member <> coalesce(("
    "  SELECT mod(number, 2) = 1 FROM transition WHERE segment = %s AND transition.profile = given.profile"
    "  ORDER BY number DESC LIMIT 1), false)"
)
_FORGET_STAGED = (
    "DELETE FROM staged_transition AS staged WHERE staged.segment = ANY(%s) AND staged.generation > coalesce("
    "(SELECT generation FROM segment WHERE segment.name = staged.segment), 0)"
)


def write_verdicts(connection: Connection, verdicts: Sequence[tuple[str, str, bool]]) -> None:
    """Store verdicts of definitions that are being built: segment, customer, member."""
    if verdicts:
        segments, profiles, members = zip(*verdicts, strict=True)
        connection.execute(_VERDICTS, (texts(segments), texts(profiles), flags(members)))


def take_verdicts(
    connection: Connection, segment: str, profiles: Collection[str] | None = None
) -> list[tuple[str, bool]]:
    """Remove and return a segment's verdicts, on some customers or on all: customer and member."""
    if profiles is None:
        return connection.execute(_TAKE_ALL, (segment,)).fetchall()
    return connection.execute(_TAKE, (segment, list(profiles))).fetchall()


def forget_verdicts(connection: Connection, segments: Collection[str]) -> None:
    """Delete the verdicts of segments."""
    connection.execute("DELETE FROM live_verdict WHERE segment = ANY(%s)", (list(segments),))


def stage(
    connection: Connection,
    segment: str,
    generation: int,
    verdicts: Sequence[tuple[str, bool]],
    origin: tuple[str, Reason, str, bool],
) -> None:
    """Stage who enters and leaves by verdicts, replacing what was staged for these customers in the generation.

    `origin` holds what their transitions will carry: the instant, the reason, the definition's digest, and `silent`.
    """
    profiles, members = [profile for profile, _ in verdicts], [member for _, member in verdicts]
    connection.execute(_UNSTAGE, (segment, generation, profiles))
    connection.execute(_STAGE, (segment, generation, *origin, profiles, members, segment))


def take_staged(connection: Connection, profiles: Collection[str]) -> list[tuple[Transition, bool]]:
    """Remove and return what rebuilds have decided for these customers, and whether each enters; numbers are 0."""
    rows = connection.execute(_STAGED, (list(profiles),)).fetchall()
    return [
        (Transition(segment, profile, 0, at_ms, cast("Reason", reason), digest, None, silent), enter)
        for _generation, segment, profile, enter, at_ms, reason, digest, silent in sorted(rows)
    ]


def forget_staged(connection: Connection, segments: Collection[str]) -> None:
    """Delete what is staged for generations of these segments that do not serve yet."""
    connection.execute(_FORGET_STAGED, (list(segments),))
