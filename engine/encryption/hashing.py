"""Keyed hashes that allow equality search on encrypted values: HMAC-SHA-256 with a key for every field.

The key of a field is derived from a hash key by HKDF, so equal values of two fields have different hashes. Hashes have
full length: two values never share one. A reader of the index still sees which profiles have equal values.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from ..ir.canonical import canonical_bytes
from .framing import frame

NORMALISER = "1"  # rises when canonical values change; no query finds hashes of other versions


def hkdf(secret: bytes, info: bytes, length: int = 32, salt: bytes = b"") -> bytes:
    """HKDF-SHA-256 (RFC 5869): `length` bytes, at most 8,160."""
    key = hmac.digest(salt or bytes(32), secret, "sha256")
    found, block = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.digest(key, block + info + bytes([counter]), "sha256")
        found += block
    return found[:length]


class FieldHashes:
    """The hashes of one hash key in one catalogue."""

    __slots__ = ("_catalogue", "_fields", "_secret")

    def __init__(self, catalogue: str, secret: bytes) -> None:
        self._catalogue, self._secret = catalogue, secret
        self._fields: dict[str, hmac.HMAC] = {}

    def hash(self, path: str, value: Any) -> str:
        """64 hex digits for a canonical value (not a list) of the field."""
        started = self._fields.get(path)
        if started is None:
            key = hkdf(self._secret, frame("decisor hash 1", self._catalogue, path))
            started = hmac.new(key, frame("decisor hash 1", self._catalogue, path, NORMALISER), hashlib.sha256)
            self._fields[path] = started
        found = started.copy()
        found.update(frame(canonical_bytes(_one_form(value))))
        return found.hexdigest()


def _one_form(value: Any) -> Any:
    """A whole number as an int, since a number field may be compared with 5 or with 5.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
