"""Sets and removes overrides; each changes membership in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..ir.instant import format_instant
from ..segments.overrides import StoredOverride, drop_override, put_override
from ..storage.redis_protocol import RedisClient
from .publish import SETTLE_SECONDS, settle
from .transaction import Outcome, Processor

if TYPE_CHECKING:
    from psycopg import Connection


class OverrideRefusedError(ValueError):
    """The override cannot be set or removed; the message says why."""


@dataclass(frozen=True, slots=True)
class OverrideOutcome:
    """The outcome of setting or removing an override: whether membership has changed, and whether Redis has it."""

    moved: bool
    followed: bool


class Overrides:
    """Sets and removes overrides; each changes membership in the same transaction.

    The change is in Redis afterwards, unless the worker that owns the partition takes longer than `seconds`.
    """

    def __init__(self, processor: Processor, redis: RedisClient, seconds: float = SETTLE_SECONDS) -> None:
        self._processor = processor
        self._redis = redis
        self._seconds = seconds

    def put(self, override: StoredOverride, now_ms: int) -> OverrideOutcome:
        """Set an override. Raises OverrideRefusedError."""
        if not override.reason.strip():
            raise OverrideRefusedError("the reason is empty; say why, for anyone who asks later")
        if override.expires_at is not None and override.expires_at <= format_instant(now_ms):
            raise OverrideRefusedError(f"the override would end at {override.expires_at}, which has passed")

        def first(connection: Connection) -> None:
            _refuse_unknown(connection, override.segment, override.customer)
            put_override(connection, override)

        outcome = self._processor.touch([override.customer], "manual", now_ms, before=first)
        return self._settle(outcome, override.segment)

    def restore(self, segment: str, customer: str, now_ms: int) -> OverrideOutcome:
        """Remove an override, so that the conditions decide again. Raises OverrideRefusedError."""

        def first(connection: Connection) -> None:
            if not drop_override(connection, segment, customer):
                raise OverrideRefusedError(f"that customer has no override in `{segment}`")

        outcome = self._processor.touch([customer], "manual", now_ms, before=first)
        return self._settle(outcome, segment)

    def _settle(self, outcome: Outcome, segment: str) -> OverrideOutcome:
        late = settle(self._processor.connection, self._redis, outcome.after, self._processor.vault, self._seconds)
        moved = [each for change in outcome.changes for each in change.transitions]
        return OverrideOutcome(any(each.segment == segment for each in moved), followed=not late)


def _refuse_unknown(connection: Connection, segment: str, customer: str) -> None:
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM segment WHERE name = %s AND coalesce(active_digest, building_digest) IS NOT NULL),"
        " EXISTS (SELECT FROM profile WHERE profile = %s)",
        (segment, customer),
    ).fetchone()
    runs, known = row or (False, False)
    if not runs:
        raise OverrideRefusedError(f"`{segment}` does not run: `decisor segments rebuild {segment}` fills it first")
    if not known:
        raise OverrideRefusedError("no such customer is stored: they have sent no event so far, or were erased")
