"""Experiments and rulesets, in the order in which they refer to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..diagnostics import Sink
from ..language.workspace import Document
from .scope import Scope


def lower_graphs(
    _kinds: Mapping[str, Sequence[Document]], _scope: Scope, _sink: Sink
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The experiments and the rulesets by name."""
    return {}, {}
