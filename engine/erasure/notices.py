"""What transition streams still tell of erased customers, deleted in time.

The exits of an erasure carry the customer's id, as consumers must learn whom to forget. They stay for an hour, and for
as long as a consumer group of the stream has not acknowledged them, a week at most. Everything else that tells of
somebody who was erased goes when it is found, as in a Redis that has come back with an earlier state.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from ..ir.instant import parse_instant
from ..profiles.suppression import Suppressed
from ..storage import keys
from ..storage.redis_protocol import RedisClient
from ..storage.streams import first_needed, parse_id

if TYPE_CHECKING:
    from psycopg import Connection

NOTICE_MS = 3_600_000  # how long consumers can read that a customer was erased …
LATEST_MS = 7 * 86_400_000  # … and how long a group that does not come is waited for
PAGE = 1_000  # entries looked at in one step

Fields = Mapping[bytes, bytes]


class Notices:
    """Goes round the transition streams of some partitions, a page at a time.

    `last_look` is called with each customer of whom a notice goes now, while the id is still known.
    """

    def __init__(self, redis: RedisClient, last_look: Callable[[str], None] = lambda _: None) -> None:
        self._redis = redis
        self._suppressed: tuple[Connection, Suppressed] | None = None
        self.last_look = last_look
        self._partition = -1
        self._after = ""
        self._deleted: set[int] = set()

    def deleted_from(self) -> set[int]:
        """The partitions of whose streams something was deleted since this was last asked: their bytes stay there."""
        found, self._deleted = self._deleted, set()
        return found

    def step(self, connection: Connection, partitions: Collection[int], now_ms: int) -> bool:
        """Look at the next page; whether it was the last one of its stream."""
        if not self._after or self._partition not in partitions:
            following = [each for each in sorted(partitions) if each > self._partition]
            self._partition = following[0] if following else min(partitions)
            self._after = ""
        stream = keys.transitions_stream(self._partition)
        page = self._redis.xrange(stream, min=f"({self._after}" if self._after else "-", count=PAGE)
        self._delete(connection, stream, page, now_ms)
        self._after = page[-1][0].decode() if len(page) == PAGE else ""
        return not self._after

    def all(self, connection: Connection, partitions: Collection[int], now_ms: int) -> None:
        """Look at every page of these partitions."""
        for partition in partitions:
            while not self.step(connection, [partition], now_ms):
                pass

    def _suppressed_on(self, connection: Connection) -> Suppressed:
        """One for each connection: behind the next one the database may be another, with a key of its own."""
        if self._suppressed is None or self._suppressed[0] is not connection:
            self._suppressed = connection, Suppressed()
        return self._suppressed[1]

    def _delete(self, connection: Connection, stream: str, page: Collection[tuple[bytes, Fields]], now_ms: int) -> None:
        customers = {fields.get(b"customer", b"").decode("utf-8", "replace") for _, fields in page}
        erased = {each.encode() for each in self._suppressed_on(connection)(connection, customers)}
        found = [(name, fields) for name, fields in page if fields.get(b"customer") in erased]
        if not found:
            return
        needed = first_needed(self._redis, stream)
        late, customers_told = [], set()
        for name, fields in found:
            age = now_ms - parse_instant(fields[b"at"].decode()) if fields.get(b"reason") == b"erasure" else LATEST_MS
            waited_for = needed is not None and parse_id(name) >= needed
            if age >= (LATEST_MS if waited_for else NOTICE_MS):
                late.append(name)
                customers_told.add(fields[b"customer"].decode())
        for customer in sorted(customers_told):
            self.last_look(customer)
        if late:
            self._redis.xdel(stream, *late)
            self._deleted.add(self._partition)
