"""Pages of an exact number of members, although the server's pages have only about that many.

If one of the server's pages must be cut, the cursor says which page, where it ends, and after which member it was cut,
in the order of the members' digests. Members who come or go in the meantime therefore do not cause others in the page
to be skipped; if the page now ends elsewhere, it is returned again in full.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from ..storage.redis_protocol import RedisClient
from .sets import PAGE, page

_CURSOR = re.compile(r"([0-9]{1,20})(?:-([0-9]{1,10})-([0-9]{1,20})-([0-9a-f]{16}))?")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where to continue: at `at` of the set; if a page of `count` that ended at `end` was cut, after its `last`."""

    at: int = 0
    count: int = 0
    end: int = 0
    last: str = ""

    def __str__(self) -> str:
        return f"{self.at}-{self.count}-{self.end}-{self.last}" if self.count else str(self.at)


def cursor_of(given: str) -> Cursor:
    """The cursor that the text encodes. Raises ValueError."""
    found = _CURSOR.fullmatch(given)
    if found is None:
        raise ValueError("expected the cursor that an earlier page returned")
    at, count, end, last = found.groups()
    return Cursor(int(at)) if count is None else Cursor(int(at), int(count), int(end), last)


def read_page(redis: RedisClient, name: str, cursor: Cursor, limit: int) -> tuple[Cursor | None, list[str]]:
    """The next cursor, None after the last member, and `limit` members from the cursor on, fewer only at the end."""
    members: list[str] = []
    while True:
        count = cursor.count or min(PAGE, limit - len(members))
        end, found = page(redis, name, cursor.at, count)
        ordered = sorted({_digest(each): each for each in found}.items())
        if cursor.count and end == cursor.end:
            ordered = [each for each in ordered if each[0] > cursor.last]
        taken = ordered[: limit - len(members)]
        members += [member for _, member in taken]
        if len(taken) < len(ordered):
            return Cursor(cursor.at, count, end, taken[-1][0]), members
        if end == 0:
            return None, members
        cursor = Cursor(end)
        if len(members) == limit:
            return cursor, members


def _digest(member: str) -> str:
    return hashlib.sha256(member.encode("utf-8", "surrogatepass")).hexdigest()[:16]
