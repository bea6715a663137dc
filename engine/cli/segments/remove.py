"""`decisor segments remove`: keep a customer out, whatever the conditions say."""

from __future__ import annotations

from .overriding import overriding

COMMAND = overriding(
    "Keep a customer out, whatever the conditions say; it survives rebuilds.",
    "decisor segments remove vips c-1 --reason 'asked not to be one'",
    included=False,
)
