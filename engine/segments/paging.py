"""Pages of exactly so many members, though the server gives pages of about so many.

Where a page of the server must be cut, the cursor says which one, where it ends, and behind which of its members it was
cut, in the order of their digests. So members who come or go meanwhile do not make others of the page be passed over;
if the page ends elsewhere by then, all of it is given again.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from .sets import PAGE, page

_CURSOR = re.compile(r"([0-9]{1,20})(?:-([0-9]{1,10})-([0-9]{1,20})-([0-9a-f]{16}))?")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where to go on: at `at` of the set; where a page of `count` that ended at `end` was cut, behind `last` of it."""

    at: int = 0
    count: int = 0
    end: int = 0
    last: str = ""

    def __str__(self) -> str:
        return f"{self.at}-{self.count}-{self.end}-{self.last}" if self.count else str(self.at)


def cursor_of(given: str) -> Cursor:
    """The cursor that a text is. Raises ValueError."""
    found = _CURSOR.fullmatch(given)
    if found is None:
        raise ValueError("expected what an earlier page gave as its cursor")
    at, count, end, last = found.groups()
    return Cursor(int(at)) if count is None else Cursor(int(at), int(count), int(end), last)


def limited(redis: Any, name: str, cursor: Cursor, limit: int) -> tuple[Cursor | None, list[str]]:
    """`limit` members from a cursor on, fewer only at the end, and the next cursor, None behind the last member."""
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
