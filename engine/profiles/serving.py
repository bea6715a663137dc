"""Reads what a decision needs about a customer in one round trip to Redis: the packed profile and the segments."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..storage import keys
from ..storage.redis_protocol import RedisClient


class Opener(Protocol):
    """Opens the encrypted fields of a packed profile; `key` is its wrapped data key as it was packed."""

    def __call__(self, profile: str, value: Mapping[str, Any], key: str | None) -> dict[str, Any]:
        """The profile in plain."""
        ...


class Newcomer(Protocol):
    """Describes a customer who was never seen, as `Runtime.newcomer` does."""

    def __call__(self, customer: str, now_ms: int) -> tuple[Mapping[str, Any], Collection[str]]:
        """The canonical profile over no events, and the names of the segments whose conditions hold for it."""
        ...


@dataclass(frozen=True, slots=True)
class Served:
    """A customer as of now: the canonical profile, None for an unknown customer, and the names of the segments.

    `version` is 0 for a customer who is not known.

    `as_of_ms` is None where the profile is exact as of now. Otherwise time has changed it since, more than the copy
    knows of, and the worker has not caught up: then it is the last instant as of which the profile is exact.
    """

    profile: Mapping[str, Any] | None
    segments: frozenset[str]
    version: int = 0
    as_of_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Slide:
    """What time alone does next to a profile: at `at_ms` the fields `then` take other values (None: are missing).

    From `until_ms` on it may do more, which is not known; None where it does not.
    """

    at_ms: int | None = None
    then: Mapping[str, Any] = field(default_factory=dict)
    until_ms: int | None = None


STILL = Slide()


@dataclass(frozen=True, slots=True)
class Copy:
    """The content of a serving copy at an instant; `as_of_ms` as in Served."""

    profile: dict[str, Any]
    version: int
    as_of_ms: int | None


def pack(version: int, at_ms: int, value: Mapping[str, Any], slide: Slide = STILL, *, key: str | None = None) -> str:
    """The serving copy as text."""
    packed: dict[str, Any] = {"v": version, "at": at_ms, "p": value}
    if slide.at_ms is not None:
        packed["due"], packed["then"] = slide.at_ms, slide.then
    if slide.until_ms is not None:
        packed["until"] = slide.until_ms
    if key is not None:
        packed["k"] = key
    return json.dumps(packed, ensure_ascii=False, separators=(",", ":"))


def unpack(text: bytes | str, profile: str, now_ms: int, opener: Opener | None = None) -> Copy:
    """The content of a serving copy as of now."""
    packed = json.loads(text)
    value: dict[str, Any] = packed["p"]
    if packed.get("due", now_ms + 1) <= now_ms:
        value |= packed["then"]
        value = {name: kept for name, kept in value.items() if kept is not None}
    if opener is not None:
        value = opener(profile, value, packed.get("k"))
    until_ms = packed.get("until")
    return Copy(value, packed["v"], None if until_ms is None or now_ms < until_ms else until_ms - 1)


class ProfileReader:
    """Reads customers from Redis; `opener` is needed where the catalogue has encrypted fields.

    `newcomer` answers for customers who are not known. Without it, they have no profile and no segments.
    """

    def __init__(self, redis: RedisClient, opener: Opener | None = None, *, newcomer: Newcomer | None = None) -> None:
        self._redis = redis
        self._opener = opener
        self._newcomer = newcomer

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
        return [self._read_copy(customer, next(answers), next(answers), now_ms) for customer in customers]

    def _read_copy(self, customer: str, text: bytes | None, names: Iterable[bytes], now_ms: int) -> Served:
        segments = frozenset(name.decode() for name in names)
        if text is None:
            if segments or self._newcomer is None:
                return Served(None, segments)
            profile, held = self._newcomer(customer, now_ms)
            return Served(profile, frozenset(held))
        copy = unpack(text, customer, now_ms, self._opener)
        return Served(copy.profile, segments, copy.version, copy.as_of_ms)

    def segments(self, customer: str) -> frozenset[str]:
        """The names of the segments that the customer is in."""
        return frozenset(name.decode() for name in self._redis.smembers(keys.segments_of(customer)))

    def is_member(self, customer: str, segment: str) -> bool:
        """Whether the customer is in the segment."""
        return bool(self._redis.sismember(keys.members(segment), customer))
