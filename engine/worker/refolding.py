"""Finds profiles folded with an outdated catalogue, page by page, in each partition that this process owns.

Scans once for each catalogue, and again from time to time: the catalogue may have been replaced and restored without
this process noticing, and some profiles may have been folded with the other one in between.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg import Connection

PAGE = 1_000  # profiles examined in one step
ROUND_SECONDS = 600.0  # from the end of one round to the start of the next

_PAGE = (
    "SELECT profile, catalogue_digest <> %s FROM profile"
    " WHERE partition = %s AND profile > %s ORDER BY profile LIMIT %s"
)


class RefoldScan:
    """A scan through the partitions that a worker owns, in key order."""

    def __init__(self, page: int = PAGE, every: float = ROUND_SECONDS) -> None:
        self._page, self._every = page, every
        self._next = 0.0
        self._digest = ""
        self._after: dict[int, str | None] = {}  # None: the partition is finished

    def find(self, connection: Connection, owned: Collection[int], digest: str, limit: int) -> list[str] | None:
        """At most `limit` customers to refold, perhaps none in this step; None when there are no more."""
        if digest != self._digest or (self._next and time.monotonic() >= self._next):
            self._digest, self._after, self._next = digest, {}, 0.0
        for partition in sorted(owned):
            after = self._after.get(partition, "")
            if after is not None:
                rows = connection.execute(_PAGE, (digest, partition, after, self._page)).fetchall()
                found = [profile for profile, other in rows if other][:limit]
                if len(found) == limit:
                    self._after[partition] = found[-1]
                else:
                    self._after[partition] = rows[-1][0] if len(rows) == self._page else None
                return found
        self._next = self._next or time.monotonic() + self._every
        return None

    def abandon(self, partition: int) -> None:
        """Forget a partition that is no longer ours; if it comes back, it is scanned from the start."""
        self._after.pop(partition, None)
