"""`EventType`: an event's fields, and which profile fields it sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from ...shapes.base import DeclaredValue, Maybe, ShapeProblem, inside
from ...shapes.forms import FieldPath, Name
from .envelope import Envelope


class EventField(DeclaredValue):
    """A declared event field."""

    normalize: Maybe[Literal["lowercase"]] = Field(
        default=None, description="`lowercase`: kept and compared in small letters."
    )
    personal: bool = Field(default=False, description="It is about a person; it is erased and masked with the rest.")
    fields: Maybe[dict[Name, EventField]] = Field(default=None, description="The fields of an object.")

    @property
    def members(self) -> Mapping[str, DeclaredValue] | None:
        """The fields of an object, None where none are written."""
        return self.fields


class EventTypeDocument(Envelope):
    """Something that happens to customers: its fields, and the profile fields it sets."""

    kind_name: ClassVar[str] = "EventType"

    rules: ClassVar[Mapping[str, Any]] = {"properties": {"fields": {"properties": {"time": False}}}}

    kind: Literal["EventType"] = Field(description="`EventType`.")
    fields: dict[Name, EventField] = Field(
        default_factory=dict, description="Every field of its data.", examples=[{"amount": {"type": "number"}}]
    )
    sets: dict[Name, FieldPath] = Field(
        default_factory=dict,
        description="Profile field: event field, or `time`; the latest event wins.",
        examples=[{"country": "country", "last_order_at": "time"}],
    )

    def problems(self) -> Iterator[ShapeProblem]:
        """A field called `time`; those of the fields."""
        if "time" in self.fields:
            yield ShapeProblem("S018", ("fields", "time"), "`time` is taken: it names the event's own time")
        yield from inside(self.fields, "fields")
