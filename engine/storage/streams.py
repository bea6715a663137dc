"""Redis streams: reading them page by page, and finding what consumer groups still need of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .redis_protocol import RedisClient

EntryId = tuple[int, int]  # two numbers, which sort as ids do


def parse_id(entry: bytes | str) -> EntryId:
    """The id of an entry as two numbers."""
    text = entry.decode() if isinstance(entry, bytes) else entry
    milliseconds, _, number = text.partition("-")
    return int(milliseconds), int(number or 0)


def format_id(place: EntryId) -> str:
    """The id of an entry as Redis writes it."""
    return f"{place[0]}-{place[1]}"


def pages(redis: RedisClient, stream: str, count: int) -> Iterator[list[tuple[bytes, dict[bytes, bytes]]]]:
    """All entries of a stream, in pages of `count`."""
    start = "-"
    while page := redis.xrange(stream, min=start, count=count):
        yield page
        if len(page) < count:
            return
        start = f"({page[-1][0].decode()}"


def first_needed(redis: RedisClient, stream: str) -> EntryId | None:
    """The first entry that some consumer group has not yet acknowledged; None for a stream without groups."""
    if not redis.exists(stream):
        return None
    return min((_first_needed(redis, stream, group) for group in redis.xinfo_groups(stream)), default=None)


def _first_needed(redis: RedisClient, stream: str, group: Mapping[str, Any]) -> EntryId:
    """A group's oldest pending entry, or the id after the last entry that it has read."""
    if group["pending"]:
        oldest = redis.xpending(stream, group["name"])["min"]
        if oldest is not None:
            return parse_id(oldest)
    milliseconds, number = parse_id(group["last-delivered-id"])
    return milliseconds, number + 1
