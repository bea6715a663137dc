"""`Metric`: what is measured of a unit after its first exposure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ...shapes.base import Maybe, Shape, ShapeProblem, exactly_one
from ...shapes.forms import Duration, FieldPath, Name, Word
from .conditions import Conditions
from .envelope import Envelope

METRIC_AGGREGATES = {
    "any": "1 for a unit with such an event, else 0: a conversion.",
    "count": "How many events a unit has.",
    "sum": "The sum of a field.",
    "min": "The smallest value of a field.",
    "max": "The largest value of a field.",
    "avg": "The mean of a field.",
    "first": "The field of the earliest event.",
    "last": "The field of the latest event.",
    "distinct": "How many different values a field has.",
}
DIRECTIONS = {"increase": "More is better.", "decrease": "Less is better."}


FIELD_RULES: Mapping[str, Any] = {
    "if": {"properties": {"aggregate": {"enum": ["any", "count"]}}},
    "then": {"properties": {"field": False}},
    "else": {"required": ["field"]},
}
"""`any` and `count` look at no field, the other aggregates at one."""


class Measured(Shape):
    """An aggregate of a unit's events."""

    rules: ClassVar[Mapping[str, Any]] = FIELD_RULES

    event: Name = Field(description="The event type.")
    aggregate: Annotated[str, Word(METRIC_AGGREGATES)] = Field(description="What is made of a unit's events.")
    field: Maybe[FieldPath] = Field(default=None, description="The event field; `any` and `count` need none.")
    where: Maybe[Conditions] = Field(default=None, description="Which events count, by their own fields.")

    def problems(self) -> Iterator[ShapeProblem]:
        """`any` and `count` have no field, the others need one."""
        yield from field_problems(self.aggregate, self.field)


class Cap(Shape):
    """Above this, a unit's value counts as this."""

    rules: ClassVar[Mapping[str, Any]] = exactly_one("value", "percentile")

    value: Maybe[Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(default=None, description="A fixed value.")
    percentile: Maybe[Annotated[float, Field(gt=50, lt=100)]] = Field(
        default=None, description="The value that so many per cent of the units stay below."
    )

    def problems(self) -> Iterator[ShapeProblem]:
        """Exactly one of the two."""
        if self.value is None and self.percentile is None:
            yield ShapeProblem("S011", (), "`value` is missing: a cap is a `value` or a `percentile`")
        if self.value is not None and self.percentile is not None:
            yield ShapeProblem(
                "S016", ("percentile",), "`percentile` and `value` exclude each other; one of them is the cap"
            )


class MetricDocument(Envelope):
    """What is measured; experiments, bandits and rollback policies name it."""

    kind_name: ClassVar[str] = "Metric"

    rules: ClassVar[Mapping[str, Any]] = FIELD_RULES

    kind: Literal["Metric"] = Field(description="`Metric`.")
    event: Name = Field(description="The event type.", examples=["purchase"])
    aggregate: Annotated[str, Word(METRIC_AGGREGATES)] = Field(description="What is made of a unit's events.")
    field: Maybe[FieldPath] = Field(default=None, description="The event field; `any` and `count` need none.")
    where: Maybe[Conditions] = Field(default=None, description="Which events count, by their own fields.")
    window: Maybe[Duration] = Field(default=None, description="How long after the first exposure events count.")
    denominator: Maybe[Measured] = Field(default=None, description="For a ratio: what it is divided by.")
    cap: Maybe[Cap] = Field(default=None, description="Bounds what a single unit can do to the mean.")
    direction: Annotated[str, Word(DIRECTIONS)] = Field(default="increase", description="What is better.")

    def problems(self) -> Iterator[ShapeProblem]:
        """Those of both aggregates and of the cap."""
        yield from field_problems(self.aggregate, self.field)
        if self.denominator is not None:
            for problem in self.denominator.problems():
                yield problem._replace(path=("denominator", *problem.path))
        if self.cap is not None:
            for problem in self.cap.problems():
                yield problem._replace(path=("cap", *problem.path))


def field_problems(aggregate: str, field: str | None) -> Iterator[ShapeProblem]:
    """A field where nothing is aggregated; none where something is."""
    if aggregate in ("any", "count") and field is not None:
        yield ShapeProblem(
            "S016", ("field",), f"`field` does not go with `aggregate: {aggregate}`, which reads no field"
        )
    if aggregate not in ("any", "count") and field is None:
        yield ShapeProblem("S011", (), f"`field` is missing: `aggregate: {aggregate}` is of an event field")
