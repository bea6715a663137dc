"""`decisor segments add`: make a customer a member, whatever the conditions say."""

from __future__ import annotations

from .overriding import overriding

COMMAND = overriding(
    "Make a customer a member, whatever the conditions say; it survives rebuilds.",
    "decisor segments add vips c-1 --reason 'friend of the house' --until 2026-12-31T00:00:00Z",
    included=True,
)
