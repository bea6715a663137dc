"""`Profile`: the catalogue of profile fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ...shapes.base import DeclaredValue, Maybe, Shape, ShapeProblem, inside
from ...shapes.forms import Duration, FieldPath, Name, Word
from .envelope import Envelope

AGGREGATES = {
    "count": "How many events there are.",
    "sum": "The sum of a field.",
    "min": "The smallest value of a field.",
    "max": "The largest value of a field.",
    "avg": "The mean of a field.",
    "first": "The field of the earliest event that has it.",
    "last": "The field of the latest event that has it.",
    "distinct": "How many different values a field has.",
}


class EventSource(Shape):
    """How a field follows from events."""

    rules: ClassVar[Mapping[str, Any]] = {
        "if": {"properties": {"aggregate": {"const": "count"}}},
        "then": {"properties": {"field": False}},
        "else": {"required": ["field"]},
    }

    event: Name = Field(description="The event type.")
    aggregate: Annotated[str, Word(AGGREGATES)] = Field(description="What is made of the events.")
    field: Maybe[FieldPath] = Field(default=None, description="The event field, or `time`; `count` needs none.")
    within: Maybe[Duration] = Field(default=None, description="Only events of this much time up to now.")

    def problems(self) -> Iterator[ShapeProblem]:
        """`count` has no field, the others need one."""
        if self.aggregate == "count" and self.field is not None:
            yield ShapeProblem("S016", ("field",), "`field` does not go with `aggregate: count`, which counts events")
        if self.aggregate != "count" and self.field is None:
            yield ShapeProblem("S011", (), f"`field` is missing: `aggregate: {self.aggregate}` is of an event field")


class Encryption(Shape):
    """How a field is kept where it is kept encrypted."""

    search: Literal["none", "equality"] = Field(
        description="`equality` keeps a keyed hash to find equal values by; `none` keeps nothing to search."
    )


class ProfileField(DeclaredValue):
    """A declared profile field."""

    normalize: Maybe[Literal["lowercase"]] = Field(
        default=None, description="`lowercase`: kept and compared in small letters."
    )
    personal: bool = Field(default=False, description="It is about a person; it is erased and masked with the rest.")
    encrypted: Maybe[Encryption] = Field(default=None, description="It is kept encrypted with the profile's key.")
    source: Maybe[EventSource] = Field(
        default=None,
        alias="from",
        description="It follows from events.",
        examples=[{"event": "purchase", "aggregate": "count", "within": "30d"}],
    )
    fields: Maybe[dict[Name, ProfileField]] = Field(default=None, description="The fields of an object.")

    @property
    def members(self) -> Mapping[str, DeclaredValue] | None:
        """The fields of an object, None where none are written."""
        return self.fields

    def problems(self) -> Iterator[ShapeProblem]:
        """Those of every declared value; normalisation of what is not a keyword; those of the source."""
        yield from super().problems()
        if self.normalize and self.type not in ("keyword", "text"):
            yield ShapeProblem(
                "S016", ("normalize",), f"`normalize` does not go with `type: {self.type}`; only text has it"
            )
        if self.source is not None:
            for problem in self.source.problems():
                yield problem._replace(path=("from", *problem.path))


class ProfileDocument(Envelope):
    """What may be known of a customer: every field with its type."""

    kind_name: ClassVar[str] = "Profile"

    kind: Literal["Profile"] = Field(description="`Profile`.")
    key: Name = Field(description="The field that names the customer; a keyword that every profile has.")
    fields: dict[Name, ProfileField] = Field(
        description="Every field by its name.", examples=[{"country": {"type": "keyword"}}]
    )

    def problems(self) -> Iterator[ShapeProblem]:
        """Those of the fields."""
        yield from inside(self.fields, "fields")
