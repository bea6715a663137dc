"""Fills an index from PostgreSQL, partition by partition in the order of the keys, while the outbox is followed.

A page is read and written while the partition's cursor is held, so an erasure comes either before the page is read or
after it is written. Newer versions that the follower has written in the meantime stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import cursors
from .documents import Writer
from .names import ProfileIndex

if TYPE_CHECKING:
    from psycopg import Connection

PAGE: Final = 1_000

_PAGE: Final = (
    "SELECT profile, version, value FROM profile WHERE partition = %s AND profile > %s ORDER BY profile LIMIT %s"
)


def fill_page(
    connection: Connection, writer: Writer, index: ProfileIndex, partition: int, after: str
) -> tuple[int, str | None]:
    """How many profiles were read behind the key `after`, and the last one's key; None when the partition is filled.

    Raises IndexUnavailableError; then nothing is noted, and the page can be written again.
    """
    with connection.transaction():
        cursor = cursors.hold(connection, index, partition)
        if cursor is None or cursor.state != "filling":
            return 0, None
        rows = connection.execute(_PAGE, (partition, after, PAGE)).fetchall()
        if rows:
            writer.fill(connection, index, rows)
        if len(rows) < PAGE:
            cursors.turn(connection, [cursor], "index")
            return len(rows), None
    return len(rows), rows[-1][0]
