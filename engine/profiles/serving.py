"""What a decision needs of a customer, in one round trip to Redis: the packed profile and the segments."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..storage import keys


class Opener(Protocol):
    """Opens the encrypted fields of a packed profile; `key` is its wrapped data key as it was packed."""

    def __call__(self, profile: str, value: Mapping[str, Any], key: str | None) -> dict[str, Any]:
        """The profile in plain."""
        ...


@dataclass(frozen=True, slots=True)
class Served:
    """A customer as of now: the canonical profile, None for one who is not known, and the names of the segments."""

    profile: Mapping[str, Any] | None
    segments: frozenset[str]
    version: int = 0


def pack(
    version: int,
    at_ms: int,
    value: Mapping[str, Any],
    *,
    due_ms: int | None = None,
    then: Mapping[str, Any] | None = None,
    key: str | None = None,
) -> str:
    """The serving copy as text: at `due_ms` the fields `then` take other values (None: are missing) by time alone."""
    packed: dict[str, Any] = {"v": version, "at": at_ms, "p": value}
    if due_ms is not None and then:
        packed["due"], packed["then"] = due_ms, then
    if key is not None:
        packed["k"] = key
    return json.dumps(packed, ensure_ascii=False, separators=(",", ":"))


def unpack(text: bytes | str, profile: str, now_ms: int, opener: Opener | None = None) -> tuple[dict[str, Any], int]:
    """The canonical profile as of now, and its version."""
    packed = json.loads(text)
    value: dict[str, Any] = packed["p"]
    if packed.get("due", now_ms + 1) <= now_ms:
        value |= packed["then"]
        value = {name: kept for name, kept in value.items() if kept is not None}
    if opener is not None:
        value = opener(profile, value, packed.get("k"))
    return value, packed["v"]


class ProfileReader:
    """Reads customers from Redis; `opener` is needed where the catalogue has encrypted fields."""

    def __init__(self, redis: Any, opener: Opener | None = None) -> None:
        self._redis = redis
        self._opener = opener

    def read(self, customer: str, now_ms: int) -> Served:
        """The customer's profile and segments, both keys in one round trip; in a Cluster they lie in one slot."""
        return self.read_many([customer], now_ms)[0]

    def read_many(self, customers: Sequence[str], now_ms: int) -> list[Served]:
        """As `read` for each of the customers, all of them in one round trip (in a Cluster one to each node)."""
        pipeline = self._redis.pipeline(transaction=False)
        for customer in customers:
            pipeline.get(keys.profile(customer))
            pipeline.smembers(keys.segments_of(customer))
        answers = iter(pipeline.execute())
        return [self._served(customer, next(answers), next(answers), now_ms) for customer in customers]

    def _served(self, customer: str, text: bytes | None, names: Iterable[bytes], now_ms: int) -> Served:
        segments = frozenset(name.decode() for name in names)
        if text is None:
            return Served(None, segments)
        value, version = unpack(text, customer, now_ms, self._opener)
        return Served(value, segments, version)

    def segments(self, customer: str) -> frozenset[str]:
        """The names of the segments that the customer is in."""
        return frozenset(name.decode() for name in self._redis.smembers(keys.segments_of(customer)))

    def is_member(self, customer: str, segment: str) -> bool:
        """Whether the customer is in the segment."""
        return bool(self._redis.sismember(keys.members(segment), customer))
