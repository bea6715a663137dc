"""What an expression is evaluated over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


def _no_member(_segment: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Facts:
    """Canonical facts as the border makes them: missing values are absent, dates are canonical instants.

    `now` is a canonical instant; `member` answers whether the customer is in a segment.
    """

    profile: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    event: Mapping[str, Any] = field(default_factory=dict)
    features: Mapping[str, Any] = field(default_factory=dict)
    vars: Mapping[str, Any] = field(default_factory=dict)
    now: str = "1970-01-01T00:00:00.000Z"
    member: Callable[[str], bool] = _no_member
