"""Reads a trace: the entry of a node, and the values that the node looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..nodes.kind import NodeKinds
from ..nodes.kinds import NODE_KINDS

REDACTED = "[personal]"  # replaces personal values in traces

_EVERY = frozenset({"node", "kind", "outcome"})
"""The members that every entry of a trace has."""


def values_of(entry: Mapping[str, Any], kinds: NodeKinds = NODE_KINDS) -> dict[str, Any]:
    """What the node looked at: values by name (`profile.country`) or text, those of personal fields left out.

    An entry's other members are the ones that its kind declares.
    """
    kind = kinds.find(entry["kind"])
    words = _EVERY if kind is None else _EVERY.union(kind.traced)
    return {name: value for name, value in entry.items() if name not in words}
