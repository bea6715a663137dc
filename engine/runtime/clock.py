"""Default time and identity: the machine's clock, and ids that nobody can guess."""

from __future__ import annotations

import os
import time

from ..ir.instant import format_instant

_IDS_AT_ONCE = 64
_ids: list[str] = []


def system_now() -> str:
    """The present as a canonical instant."""
    return format_instant(time.time_ns() // 1_000_000)


def new_decision_id() -> str:
    """128 bits of the system's randomness as 32 hex digits."""
    while True:
        try:
            return _ids.pop()
        except IndexError:
            drawn = os.urandom(16 * _IDS_AT_ONCE).hex()
            _ids.extend(drawn[start : start + 32] for start in range(0, len(drawn), 32))


if hasattr(os, "register_at_fork"):  # a child process must not reuse its parent's ids
    os.register_at_fork(after_in_child=_ids.clear)
