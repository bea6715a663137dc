"""The type that each key of decisor's has in Redis, and what is said where another program has written another one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from . import keys
from .partitions import PARTITIONS

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
_MEND: Final = "UNLINK it, a worker goes on by itself; then `decisor segments reconcile` writes what else belongs there"
_FAMILY = re.compile(r"\{?((?:decisor:)?[a-z]+)")
_PERSONAL = re.compile(r"((?:segments|profile):)\{.*\}", re.DOTALL)
_COMMAND = re.compile(r"\([A-Z]+ (?P<key>(?:decisor|segments?|profile|\{segment)\S*)")  # as redis-py tells of pipelines


class WrongTypeError(RuntimeError):
    """A key holds another type than decisor's; the message names it, without the customer, and says how to mend it."""


def wrong_type(key: str) -> WrongTypeError:
    """What is raised for a key that Redis has refused because of its type."""
    what, mend = _told(key)
    return WrongTypeError(f"Redis: {what}: {mend}")


def wrong_type_told(problem: Exception) -> str:
    """The same of an error of the client's own, which names the key only where it was one of several commands."""
    found = _COMMAND.search(str(problem))
    if found:
        return str(wrong_type(found["key"]))
    return f"Redis: a key holds another type than decisor's: `decisor doctor` names it; {_MEND}"


def _told(key: str) -> tuple[str, str]:
    """What is wrong, and how to mend it; the customer whose key it is, is not named."""
    family = _FAMILY.match(key)
    kind = TYPES.get(family[1], "value") if family else "value"
    shown = _PERSONAL.sub(r"\1{…}", key)
    if shown != key:
        pattern = shown.replace("{…}", "[{]*")
        others = ", ".join(each for each in _ALL if each != kind)
        find = f"`redis-cli --scan --pattern '{pattern}' --type T` finds it, T being one of {others}"
    else:
        find = f"`redis-cli TYPE '{key}'` shows its type"
    return f"`{shown}` is no {kind}; another program has written it", f"{find}; {_MEND}"


def fixed_keys(segments: Iterator[str]) -> Iterator[tuple[str, str]]:
    """The keys whose names are known without any customer, each with its type; `segments` are the names of those."""
    for partition in range(PARTITIONS):
        for name in (keys.events_stream, keys.transitions_stream, keys.due, keys.published):
            key = name(partition)
            yield key, TYPES[key.rpartition(":")[0]]
    yield keys.RUNNING, "set"
    yield keys.MADE, "set"
    for segment in segments:
        yield keys.members(segment), "set"


def wrong_keys(redis: Any) -> list[tuple[str, str]]:
    """What is wrong, and how to mend it, of each of the fixed keys that holds another type."""
    listed = [] if redis.type(keys.RUNNING) != b"set" else sorted(redis.smembers(keys.RUNNING))
    wanted = dict(fixed_keys(name.decode() for name in listed))
    pipeline = redis.pipeline(transaction=False)
    for key in wanted:
        pipeline.type(key)
    return [
        _told(key)
        for (key, kind), found in zip(wanted.items(), pipeline.execute(), strict=True)
        if found not in {b"none", kind.encode()}
    ]
