"""Canonical bytes and digests: equal meaning gives equal bytes on any machine."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_bytes(data: Any) -> bytes:
    """JSON with sorted keys, no spaces, UTF-8, shortest floats; raises ValueError for NaN and infinities."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(data: Any) -> str:
    """`sha256:` and 64 hex digits over the canonical bytes."""
    return "sha256:" + hashlib.sha256(canonical_bytes(data)).hexdigest()
