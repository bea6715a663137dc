"""The type of each of decisor's keys in Redis, and the message when another program has stored another type there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from . import keys
from .partitions import PARTITIONS
from .redis_protocol import RedisClient

WRONG: Final = "WRONGTYPE"
TYPES: Final = {
    "segment": "set",
    "segments": "set",
    "profile": "string",
    "decisor:running": "set",
    "decisor:engine": "set",
    "decisor:events": "stream",
    "decisor:transitions": "stream",
    "decisor:due": "zset",
    "decisor:published": "string",
    "decisor:witness": "hash",
}
_ALL: Final = ("string", "list", "set", "zset", "hash", "stream")
_MEND: Final = (
    "UNLINK it, and workers continue by themselves; then `decisor segments reconcile` restores what is missing"
)
_FAMILY = re.compile(r"\{?((?:decisor:)?[a-z]+)")
_PERSONAL = re.compile(r"((?:segments|profile):)\{.*\}", re.DOTALL)
_COMMAND = re.compile(
    r"\([A-Z]+ (?P<key>(?:decisor|segments?|profile|\{segment)\S*)"
)  # as redis-py words errors of pipelines


class WrongTypeError(RuntimeError):
    """A key holds another type than decisor's; the message names it, without the customer, and says how to fix it."""


def wrong_type(key: str) -> WrongTypeError:
    """The error to raise for a key that Redis has refused because of its type."""
    what, mend = _describe(key)
    return WrongTypeError(f"Redis: {what}: {mend}")


def wrong_type_message(problem: Exception) -> str:
    """The message for the client's own error, which names the key only if it was one of several commands."""
    found = _COMMAND.search(str(problem))
    if found:
        return str(wrong_type(found["key"]))
    return f"Redis: a key holds another type than decisor's: `decisor doctor` names it; {_MEND}"


def _describe(key: str) -> tuple[str, str]:
    """The problem and how to fix it; a customer in the key is left out."""
    family = _FAMILY.match(key)
    kind = TYPES.get(family[1], "value") if family else "value"
    shown = _PERSONAL.sub(r"\1{…}", key)
    if shown != key:
        pattern = shown.replace("{…}", "[{]*")
        others = ", ".join(each for each in _ALL if each != kind)
        find = f"`redis-cli --scan --pattern '{pattern}' --type T` finds it, where T is one of {others}"
    else:
        find = f"`redis-cli TYPE '{key}'` shows its type"
    return f"`{shown}` is not a {kind}; another program has written it", f"{find}; {_MEND}"


def fixed_keys(segments: Iterator[str]) -> Iterator[tuple[str, str]]:
    """The keys whose names contain no customer, each with its type; `segments` are the names of the segments."""
    for partition in range(PARTITIONS):
        for name in (keys.events_stream, keys.transitions_stream, keys.due, keys.published_cursor):
            key = name(partition)
            yield key, TYPES[key.rpartition(":")[0]]
    yield keys.RUNNING, "set"
    yield keys.MADE, "set"
    for segment in segments:
        yield keys.members(segment), "set"


def wrong_keys(redis: RedisClient) -> list[tuple[str, str]]:
    """The problem and how to fix it, for each of the fixed keys that holds another type."""
    listed = [] if redis.type(keys.RUNNING) != b"set" else sorted(redis.smembers(keys.RUNNING))
    wanted = dict(fixed_keys(name.decode() for name in listed))
    pipeline = redis.pipeline(transaction=False)
    for key in wanted:
        pipeline.type(key)
    return [
        _describe(key)
        for (key, kind), found in zip(wanted.items(), pipeline.execute(), strict=True)
        if found not in {b"none", kind.encode()}
    ]
