"""`FeatureView`: features of an entity, where they come from and what holds without them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, Tag

from ...shapes.base import Data, Maybe, Shape, ShapeProblem
from ...shapes.choice import by_key
from ...shapes.forms import Duration, FieldPath, Name, Text, Timeout, Word
from .conditions import Conditions
from .envelope import Envelope
from .metric import FIELD_RULES, field_problems
from .profile import AGGREGATES

FEATURE_TYPES = {
    "keyword": "Text.",
    "number": "A double.",
    "integer": "A whole number of 64 bits.",
    "boolean": "true or false.",
    "date": "An instant.",
}


class EventWindow(Shape):
    """An aggregate of the entity's events over a window that ends now."""

    rules: ClassVar[Mapping[str, Any]] = {**FIELD_RULES, "dependencies": {"hop": ["within"]}}

    event: Name = Field(description="The event type.")
    aggregate: Annotated[str, Word(AGGREGATES)] = Field(description="What is made of the events.")
    field: Maybe[FieldPath] = Field(default=None, description="The event field; `count` needs none.")
    where: Maybe[Conditions] = Field(default=None, description="Which events count, by their own fields.")
    within: Maybe[Duration] = Field(default=None, description="The window; without it, all time.", examples=["30d"])
    hop: Maybe[Duration] = Field(
        default=None, description="The window ends on a multiple of this; a larger one costs less.", examples=["1h"]
    )

    def problems(self) -> Iterator[ShapeProblem]:
        """A field that is not needed or missing; a hop without a window."""
        yield from field_problems(self.aggregate, self.field)
        if self.hop is not None and self.within is None:
            yield ShapeProblem("S016", ("hop",), "`hop` stands without `within`; only a window moves")


class ProfileSource(Shape):
    """A field of the customer's profile."""

    profile: FieldPath = Field(description="The profile field.")


class LoadedSource(Shape):
    """A column of data that is loaded from outside."""

    source: Name = Field(description="The load, by the name that the service's settings give it.")
    column: Maybe[Text] = Field(default=None, description="The column; by default the feature's name.")


FeatureSource: TypeAlias = Annotated[
    Annotated[EventWindow, Tag("<event>")]
    | Annotated[ProfileSource, Tag("<profile>")]
    | Annotated[LoadedSource, Tag("<source>")],
    by_key(
        "FeatureSource",
        {"event": "<event>", "profile": "<profile>", "source": "<source>"},
        "where a feature comes from",
    ),
]


class FeatureShape(Shape):
    """One feature."""

    rules: ClassVar[Mapping[str, Any]] = {
        "if": {"required": ["length"]},
        "then": {"required": ["list"], "properties": {"list": {"const": True}}},
    }

    type: Annotated[str, Word(FEATURE_TYPES)] = Field(description="What kind of value it is.")
    many: bool = Field(default=False, alias="list", description="It is a list of such values.")
    length: Maybe[Annotated[int, Field(ge=1, le=65_536)]] = Field(
        default=None, description="The length of every list, as of an embedding."
    )
    source: FeatureSource = Field(
        alias="from",
        description="Where it comes from: events, the profile, or loaded data.",
        examples=[{"event": "purchase", "aggregate": "count", "within": "30d", "hop": "1h"}],
    )
    default: Maybe[Data] = Field(default=None, description="What holds where there is no value, or an expired one.")
    ttl: Maybe[Duration] = Field(default=None, description="After this a value has expired; by default the view's.")
    description: str = Field(default="", description="What it means.")

    def problems(self) -> Iterator[ShapeProblem]:
        """Those of the source; a length without a list."""
        for problem in self.source.problems():
            yield problem._replace(path=("from", *problem.path))
        if self.length is not None and not self.many:
            yield ShapeProblem("S016", ("length",), "`length` stands without `list: true`; only a list has a length")


class FeatureViewDocument(Envelope):
    """Features of one entity that are kept and read together."""

    kind_name: ClassVar[str] = "FeatureView"

    kind: Literal["FeatureView"] = Field(description="`FeatureView`.")
    entity: Name = Field(
        description="What the features are of: the profile's key, or another key that events or requests carry.",
        examples=["customer_id"],
    )
    ttl: Maybe[Duration] = Field(default=None, description="After this a value has expired.", examples=["30d"])
    deadline: Timeout = Field(default="20ms", description="After this the defaults hold.")
    features: dict[Name, FeatureShape] = Field(min_length=1, max_length=1_024, description="Every feature by its name.")

    def problems(self) -> Iterator[ShapeProblem]:
        """Those of the features."""
        for name, feature in self.features.items():
            for problem in feature.problems():
                yield problem._replace(path=("features", name, *problem.path))
