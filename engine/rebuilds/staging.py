"""The next set of a segment, built in Redis, and the enters and exits that follow from it, staged in PostgreSQL.

Future and current members arrive in the same order, so they are compared block by block.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..ir.instant import format_instant
from ..segments.transitions import Reason
from ..storage import keys
from ..storage.redis_protocol import RedisClient
from .lease import RebuildError

if TYPE_CHECKING:
    from psycopg import Connection

COMMAND = 1_000  # members in one command to Redis
COPY_ROWS = 20_000

_MEMBERS = (
    "SELECT profile FROM transition WHERE segment = %s AND profile > %s"
    " GROUP BY profile HAVING mod(max(number), 2) = 1 ORDER BY profile LIMIT %s"
)
_OVERRIDES = (
    "SELECT profile, included FROM override WHERE segment = %s AND profile > %s"
    " AND (expires_at IS NULL OR expires_at > %s::timestamptz) ORDER BY profile LIMIT %s"
)
_COPY = "COPY staged_transition (segment, generation, profile, enter, at, reason, digest, silent) FROM STDIN"
_ERASED = (
    "SELECT DISTINCT profile FROM outbox JOIN unnest(%s::smallint[], %s::bigint[]) AS begun (number, seq)"
    " ON outbox.partition = begun.number AND outbox.seq > begun.seq WHERE kind = 'erase'"
)
_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True, slots=True)
class Filling:
    """A segment's next generation, which is being filled, or emptied if `retiring`, and its transitions' details."""

    name: str
    generation: int
    digest: str
    reason: Reason
    silent: bool
    at_ms: int
    retiring: bool = False


class _Ordered:
    """Rows in key order, read page by page and taken up to a key."""

    def __init__(self, connection: Connection, statement: str, arguments: Sequence[Any], page: int) -> None:
        self._connection, self._statement, self._arguments, self._page = connection, statement, arguments, page
        self._rows: list[Any] = []
        self._place = 0
        self._more = True

    def upto(self, key: str | None) -> Iterator[Sequence[Any]]:
        """The rows not yet taken, up to and including a key (None: all), in pieces."""
        while True:
            if self._place < len(self._rows):
                end = len(self._rows) if key is None or self._rows[-1][0] <= key else self._until(key)
                if end > self._place:
                    yield self._rows[self._place : end]
                    self._place = end
                if end < len(self._rows):
                    return
            if not self._more:
                return
            last = self._rows[-1][0] if self._rows else ""
            name, *rest = self._arguments
            self._rows = self._connection.execute(self._statement, (name, last, *rest, self._page)).fetchall()
            self._place = 0
            self._more = len(self._rows) == self._page

    def _until(self, key: str) -> int:
        from bisect import bisect_right

        return bisect_right(self._rows, key, lo=self._place, key=_first)


class Stage:
    """Builds one segment's next set; `take` receives all members in order, `close` finishes it.

    At most about four times `page` keys are held in memory, besides what `take` receives.
    """

    def __init__(self, connection: Connection, redis: RedisClient, filling: Filling, *, page: int = 10_000) -> None:
        self.filling = filling
        self.size = self.entered = self.left = 0
        self.kept = 0  # members of the set when it was closed
        self._connection = connection
        self._redis = redis
        self._key = keys.next_members(filling.name)
        self._added = 0
        self._members = _Ordered(connection, _MEMBERS, (filling.name,), page)
        self._overrides = _Ordered(connection, _OVERRIDES, (filling.name, format_instant(filling.at_ms)), page)
        self._unsent: list[str] = []
        self._bounds = min(COMMAND, page), min(COPY_ROWS, 2 * page)
        self._enter: list[str] = []
        self._leave: list[str] = []

    def take(self, members: Collection[str], upto: str | None) -> None:
        """Take the customers after the last call's up to a key (None: all the rest) who match the conditions."""
        wanted = set(members)
        for overrides in self._overrides.upto(upto):
            wanted.update(profile for profile, included in overrides if included)
            wanted.difference_update([profile for profile, included in overrides if not included])
        held: set[str] = set()
        for rows in self._members.upto(upto):
            held.update([row[0] for row in rows])
        self._add(wanted)
        entering, leaving = wanted - held, held - wanted
        self._enter += sorted(entering)
        self._leave += sorted(leaving)
        self.size += len(wanted)
        self.entered += len(entering)
        self.left += len(leaving)
        if len(self._enter) + len(self._leave) >= self._bounds[1]:
            self._copy()

    def close(self, begun: Mapping[int, int]) -> None:
        """Write what is left; `begun` has each partition's number at the barrier.

        Raises SetLostError if Redis has lost members. Customers erased in the meantime may already be gone from it.
        """
        self._send()
        self._copy()
        self.kept = int(self._redis.scard(self._key))
        missing = self.size - self.kept
        gone = len(erased_since(self._connection, begun)) if missing else 0  # asked after the set was counted
        if self._added != self.size or not 0 <= missing <= gone:
            raise SetLostError(f"Redis has lost part of the new set of `{self.filling.name}`; rebuild it again")

    def _add(self, wanted: set[str]) -> None:
        self._unsent += sorted(wanted)
        if len(self._unsent) >= self._bounds[0]:
            self._send()

    def _send(self) -> None:
        names, self._unsent = self._unsent, []
        pipeline = self._redis.pipeline(transaction=False)
        for first in range(0, len(names), COMMAND):
            pipeline.sadd(self._key, *names[first : first + COMMAND])
        self._added += sum(pipeline.execute())

    def _copy(self) -> None:
        if not (self._enter or self._leave):
            return
        with self._connection.transaction():
            # The commit of the switch is durable and comes later; what a crash loses before it is built again.
            self._connection.execute("SET LOCAL synchronous_commit = off")
            with self._connection.cursor() as cursor, cursor.copy(_COPY) as copy:
                for profiles, enter in ((self._enter, True), (self._leave, False)):
                    if profiles:
                        copy.write(_lines(self.filling, profiles, enter=enter))
        self._enter, self._leave = [], []


class SetLostError(RebuildError):
    """The set that was built in Redis is no longer there."""


def erased_since(connection: Connection, begun: Mapping[int, int]) -> list[str]:
    """The customers erased after these numbers of the partitions."""
    rows = connection.execute(_ERASED, (list(begun), list(begun.values())))
    return [row[0] for row in rows]


def _lines(filling: Filling, profiles: Sequence[str], *, enter: bool) -> str:
    """The rows as COPY reads them."""
    if _SPECIAL.search("\0".join(profiles)):
        profiles = [each.translate(_ESCAPES) for each in profiles]
    before = f"{filling.name}\t{filling.generation}\t"
    behind = f"\t{'t' if enter else 'f'}\t{format_instant(filling.at_ms)}\t{filling.reason}\t{filling.digest}"
    behind += f"\t{'t' if filling.silent else 'f'}\n"
    return before + (behind + before).join(profiles) + behind


def _first(row: Sequence[Any]) -> Any:
    return row[0]
