"""Reads entries off the queue: each is an event that matches the catalogue, or a dead letter with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..ir.canonical import canonical_bytes
from ..ir.instant import format_instant
from ..ir.types import KEY_LIMIT
from ..operators.strings import StringRefusedError, normalize_keyword
from ..profiles.letter_codes import EventCode
from ..runtime.border import Border, problems_text
from ..runtime.lines import read_line
from ..storage.partitions import partition_of

FUTURE_MS = 5 * 60_000  # how far an event's time may be ahead of the clock


@dataclass(frozen=True, slots=True)
class Letter:
    """An entry that could not be processed, and why; the reason never repeats a value."""

    source: str
    profile: str | None
    code: EventCode
    reason: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Arrival:
    """A canonical event from the queue; `source` names the entry."""

    source: str
    partition: int
    profile: str
    event: Mapping[str, Any]
    raw: bytes


def read_arrival(
    border: Border, key: str, source: tuple[int, str], fields: Mapping[bytes, bytes], now_ms: int, *, names: bool = True
) -> Arrival | Letter:
    """The event in a queue entry, or the dead letter that it becomes.

    Without `names` the letter's reason leaves out what undeclared members are called.
    """
    partition, entry = source
    name = f"events:{partition}:{entry}"
    raw = fields.get(b"e")
    if raw is None:
        return Letter(
            name, None, "broken", "the entry has no field `e` with the event as JSON", repr(dict(fields)).encode()
        )
    line = read_line(1, raw)
    if line.problem is not None:
        return Letter(name, None, "broken", line.problem, raw)
    event, problems = border.event(line.value)
    if event is None:
        reason = problems_text(problems, names=names)
        return Letter(name, _customer(line.value, key), "broken", reason, raw)
    profile: str = event[key]
    if event["time"] > format_instant(now_ms + FUTURE_MS):
        return Letter(
            name, profile, "future", f"`time` is more than {FUTURE_MS // 60_000} minutes ahead of the clock", raw
        )
    if partition_of(profile) != partition:
        return Letter(name, profile, "broken", "the event is in the stream of another partition than its customer", raw)
    return Arrival(name, partition, profile, event, raw)


def _customer(value: Any, key: str) -> str | None:
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, str):
        return None
    try:
        kept = normalize_keyword(found, lowercase=False)
    except StringRefusedError:
        return None
    return kept if len(kept.encode()) <= KEY_LIMIT else None


def fingerprint(event: Mapping[str, Any], key: str, secret: bytes) -> bytes:
    """16 bytes that differ when anything but the event's id differs; keyed, since the content may be personal."""
    import hashlib

    content = canonical_bytes([event[key], event["time"], event["type"], event["data"]])
    return hashlib.blake2b(content, digest_size=16, key=secret).digest()
