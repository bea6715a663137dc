"""Past membership: when a customer entered and left, who was a member at an instant, and the status of segments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..ir.instant import format_instant
from ..storage.redis_protocol import RedisClient
from .registry import Definition
from .sets import counts

if TYPE_CHECKING:
    from psycopg import Connection

PAGE = 10_000

_TRANSITIONS = (
    "SELECT segment, number, mod(number, 2) = 1, instant(at), reason, digest, cause,"
    " (SELECT override.reason FROM override WHERE override.segment = transition.segment"
    "  AND override.profile = transition.profile AND transition.reason = 'manual' AND created_at <= at"
    "  AND included = (mod(number, 2) = 1))"
    " FROM transition WHERE profile = %s"
)
# A rebuild's decisions count from the switch on; each gets its number when it is moved.
_STAGED = (
    "SELECT staged.segment, NULL::integer, enter, instant(at), reason, digest, NULL::text, NULL::text"
    " FROM staged_transition AS staged JOIN segment ON segment.name = staged.segment"
    " AND staged.generation <= segment.generation WHERE staged.profile = %s"
)
_HISTORY = f"{_TRANSITIONS} UNION ALL {_STAGED} ORDER BY 4, 1, 2 NULLS LAST"

_AT = (
    "SELECT profile FROM transition WHERE segment = %(segment)s AND at <= %(at)s::timestamptz"
    " GROUP BY profile HAVING mod(max(number), 2) = 1"
)
_AT_STAGED = (
    "SELECT profile FROM (SELECT DISTINCT ON (profile) profile, entered FROM ("
    " SELECT profile, 0 AS generation, number, mod(number, 2) = 1 AS entered FROM transition"
    " WHERE segment = %(segment)s AND at <= %(at)s::timestamptz"
    " UNION ALL SELECT staged.profile, staged.generation, 0, staged.enter FROM staged_transition AS staged"
    " JOIN segment ON segment.name = staged.segment AND staged.generation <= segment.generation"
    " WHERE staged.segment = %(segment)s AND staged.at <= %(at)s::timestamptz"
    ") AS both_kinds ORDER BY profile, generation DESC, number DESC) AS latest WHERE entered"
)
# Skips from one segment to the next in the index, past all the rows in between.
_EVER = (
    "WITH RECURSIVE found AS (SELECT min(segment) AS name FROM transition UNION ALL"
    " SELECT (SELECT min(segment) FROM transition WHERE segment > found.name) FROM found WHERE found.name IS NOT NULL)"
    " SELECT name FROM found WHERE name IS NOT NULL UNION SELECT name FROM segment ORDER BY 1"
)
_IS_STAGED = (
    "SELECT EXISTS (SELECT FROM staged_transition AS staged JOIN segment ON segment.name = staged.segment"
    " AND staged.generation <= segment.generation WHERE staged.segment = %s)"
)
_STATUS = (
    "SELECT name, active_digest, building_digest, generation, instant(filled_at),"
    " (SELECT count(*) FROM override WHERE override.segment = segment.name"
    "  AND (expires_at IS NULL OR expires_at > %s::timestamptz)),"
    " (SELECT count(*) FROM staged_transition AS staged WHERE staged.segment = segment.name"
    "  AND staged.generation <= segment.generation) FROM segment ORDER BY name"
)


_COUNTED = "SELECT count(*) FROM ({}) AS members"


@dataclass(frozen=True, slots=True)
class Move:
    """A customer entered a segment or left it; `number` is None while a rebuild's decision has none yet.

    `why` is the reason given with the override that caused it, for as long as the override is stored.
    """

    segment: str
    number: int | None
    entered: bool
    at: str
    reason: str
    digest: str
    cause: str | None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The status of a segment.

    `state` is running, building (the first fill), rebuilding, ending, or absent for one that only the workspace has.
    `differs` says that the workspace's definition is a different one; it is None without a workspace. `waiting` counts
    a rebuild's decisions that have yet to become transitions.
    """

    name: str
    state: str
    members: int
    digest: str | None
    generation: int
    filled_at: str | None
    overrides: int
    waiting: int
    differs: bool | None


def history(connection: Connection, customer: str) -> list[Move]:
    """Every segment that a customer entered or left, in order of time."""
    return [Move(*row) for row in connection.execute(_HISTORY, (customer, customer))]


def members_at(connection: Connection, segment: str, at_ms: int) -> Iterator[str]:
    """The members at an instant, in key order, read page by page."""
    statement, values = _members_query(connection, segment, at_ms)
    with connection.transaction(), connection.cursor(name="members_at") as cursor:
        cursor.itersize = PAGE
        cursor.execute(f"{statement} ORDER BY profile".encode(), values)
        for row in cursor:
            yield row[0]


def names_ever(connection: Connection) -> list[str]:
    """The segments that run, and ended ones that ever had a member."""
    return [row[0] for row in connection.execute(_EVER)]


def count_at(connection: Connection, segment: str, at_ms: int) -> int:
    """The number of members at an instant."""
    statement, values = _members_query(connection, segment, at_ms)
    row = connection.execute(_COUNTED.format(statement).encode(), values).fetchone()
    return int(row[0]) if row else 0


def _members_query(connection: Connection, segment: str, at_ms: int) -> tuple[str, dict[str, Any]]:
    row = connection.execute(_IS_STAGED, (segment,)).fetchone()
    values = {"segment": segment, "at": format_instant(at_ms)}
    return _AT_STAGED if row and row[0] else _AT, values


def status(
    connection: Connection, redis: RedisClient, now_ms: int, wanted: Mapping[str, Definition] | None = None
) -> list[Status]:
    """The status of every segment that runs and, given the workspace's definitions, of every one that should."""
    rows = connection.execute(_STATUS, (format_instant(now_ms),)).fetchall()
    sizes = counts(redis, [row[0] for row in rows])
    found = []
    for name, active, building, generation, filled_at, overrides, waiting in rows:
        differs = None if wanted is None else name not in wanted or wanted[name].digest != active
        state = _state(active, building, generation)
        found.append(Status(name, state, sizes[name], active, generation, filled_at, overrides, waiting, differs))
    absent = sorted(set(wanted or ()) - {row[0] for row in rows})
    found += [Status(name, "absent", 0, None, 0, None, 0, 0, differs=True) for name in absent]
    return sorted(found, key=lambda each: each.name)


def _state(active: str | None, building: str | None, generation: int) -> str:
    if active is not None:
        return "running" if building is None else "rebuilding"
    if building is not None:
        return "building"
    return "ending" if generation else "absent"
