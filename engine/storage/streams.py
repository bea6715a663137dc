"""Streams of Redis: reading them page by page, and what consumer groups still need of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Place = tuple[int, int]  # an entry's id as two numbers, which order as ids do


def place_of(entry: bytes | str) -> Place:
    """The id of an entry as two numbers."""
    text = entry.decode() if isinstance(entry, bytes) else entry
    milliseconds, _, number = text.partition("-")
    return int(milliseconds), int(number or 0)


def id_of(place: Place) -> str:
    """The id of an entry as Redis writes it."""
    return f"{place[0]}-{place[1]}"


def pages(redis: Any, stream: str, count: int) -> Iterator[list[tuple[bytes, dict[bytes, bytes]]]]:
    """All entries of a stream, so many at a time."""
    start = "-"
    while page := redis.xrange(stream, min=start, count=count):
        yield page
        if len(page) < count:
            return
        start = f"({page[-1][0].decode()}"


def needed_from(redis: Any, stream: str) -> Place | None:
    """The first entry that a consumer group of the stream has not read and acknowledged; None where it has no group."""
    if not redis.exists(stream):
        return None
    return min((_first_needed(redis, stream, group) for group in redis.xinfo_groups(stream)), default=None)


def _first_needed(redis: Any, stream: str, group: Mapping[str, Any]) -> Place:
    """A group's oldest pending entry, or what follows the last that it has read."""
    if group["pending"]:
        oldest = redis.xpending(stream, group["name"])["min"]
        if oldest is not None:
            return place_of(oldest)
    milliseconds, number = place_of(group["last-delivered-id"])
    return milliseconds, number + 1
