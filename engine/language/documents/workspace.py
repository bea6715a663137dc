"""`decisor.yaml`: what holds for the whole workspace."""

from __future__ import annotations

from pydantic import Field

from ...shapes.base import Shape
from ...shapes.forms import Name, Zone


class WorkspaceDocument(Shape):
    """The workspace's name and time zone."""

    name: Name = Field(description="The workspace's name.", examples=["music_shop"])
    timezone: Zone = Field(
        default="UTC",
        description="Whose days calendar units mean.",
        examples=["Europe/Berlin"],
    )
