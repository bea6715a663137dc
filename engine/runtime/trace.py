"""Reading a trace: what the entry of a node tells, and which values the node looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REDACTED = "[personal]"  # stands in traces in the place of what is personal

TOLD = frozenset(
    {
        "case",
        "choice",
        "count",
        "explain",
        "kind",
        "limit",
        "node",
        "outcome",
        "reason",
        "row",
        "rows",
        "status",
        "trace",
        "version",
        "views",
        "when",
    }
)
"""The members of trace entries that are no values: everything else is, by the text that was looked at."""


def values_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What the node looked at: values by name (`profile.country`) or text, those of personal fields left out."""
    return {name: value for name, value in entry.items() if name not in TOLD}
