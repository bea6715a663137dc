"""The one hash of assignment: text in, 53 bits out, the same in every language and on every machine.

Each part is NFC and UTF-8, preceded by its length as unsigned 32-bit big-endian, so that no two lists of parts give the
same bytes. The parts are purpose, salt, unit type, unit and, for an arm, its id. `tests/golden/vectors/assignment.json`
holds vectors for other implementations.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Literal, TypeAlias

from ..ir.graph import PPM
from ..operators.pinned_unicode import nfc

Purpose: TypeAlias = Literal["layer", "holdout", "coverage", "arm", "bandit", "sample"]

BITS = 53
_SHIFT = 64 - BITS


def encode_part(part: str) -> bytes:
    """The bytes of one part, its length in front. A lone surrogate raises UnicodeEncodeError: the border refuses it."""
    raw = nfc(part).encode()
    return len(raw).to_bytes(4, "big") + raw


def hash53(message: bytes) -> int:
    """`h`: the top 53 bits of BLAKE2b with an 8-byte digest, read big-endian."""
    return int.from_bytes(blake2b(message, digest_size=8).digest(), "big") >> _SHIFT


def message_of(purpose: Purpose, salt: str, unit_type: str, unit: str, arm: str | None = None) -> bytes:
    """The bytes that are hashed."""
    parts = (purpose, salt, unit_type, unit) if arm is None else (purpose, salt, unit_type, unit, arm)
    return b"".join([encode_part(part) for part in parts])


def unit_value(purpose: Purpose, salt: str, unit_type: str, unit: str, arm: str | None = None) -> float:
    """`u = (h + 1) / 2^53`, above 0 and at most 1; both steps are exact in a double."""
    return (hash53(message_of(purpose, salt, unit_type, unit, arm)) + 1) / (1 << BITS)


def ppm_of(h: int) -> int:
    """The place of a hash among a million equal parts, 0 to 999,999, in integers alone: `floor(h * 10^6 / 2^53)`.

    A layer's slot is this number; a unit is held out or covered when it is less than the declared parts per million.
    """
    return (h * PPM) >> BITS
