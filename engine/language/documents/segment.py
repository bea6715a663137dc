"""`Segment`: a named predicate over profiles."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from .conditions import Conditions
from .envelope import Envelope


class SegmentDocument(Envelope):
    """A named group of customers, by conditions on what is known of them."""

    kind_name: ClassVar[str] = "Segment"

    kind: Literal["Segment"] = Field(description="`Segment`.")
    conditions: Conditions = Field(
        description="What must hold: all of a list, or one group.",
        examples=[[{"field": "lifetime_value", "operator": "greater_than", "value": 1000}]],
    )
