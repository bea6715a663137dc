"""`Release` and `RollbackPolicy`: what serves together, and when to go back by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ...shapes.base import UNIQUE, Many, Maybe, Shape, ShapeProblem, twice
from ...shapes.forms import Duration, Name, Share, Word
from .envelope import Envelope

METHODS = {
    "msprt": "A mixture sequential probability ratio test of candidate against stable; may be looked at any time.",
    "cusum": "Cumulative sums against a target.",
    "threshold": "A fixed bound, once enough is seen.",
}
ACTIONS = {"rollback": "Go back to the last good release.", "pause": "Stop giving the candidate to more units."}
SIGNALS = {
    "error_rate": "The share of decisions with an error.",
    "fallback_rate": "The share of model calls answered by the fallback.",
    "latency_p99": "Milliseconds that 99 of 100 decisions stay below.",
    "missing_rate": "The share of features without a value.",
    "expired_rate": "The share of features that have expired.",
    "score_psi": "How far the scores have moved from those of the stable release.",
}


class RampStep(Shape):
    """A share of the units, held for a while."""

    share: Share = Field(description="The share of units that gets the candidate.", examples=["5%"])
    hold: Duration = Field(description="How long, before the next step.", examples=["1h"])


class ReleaseDocument(Envelope):
    """A template of what serves together; each release made from it fixes versions."""

    kind_name: ClassVar[str] = "Release"

    kind: Literal["Release"] = Field(description="`Release`.")
    feature_views: Many[Name] = Field(
        json_schema_extra=UNIQUE, default=(), max_length=1_024, description="The feature views."
    )
    models: Many[Name] = Field(json_schema_extra=UNIQUE, default=(), max_length=1_024, description="The models.")
    ramp: Many[RampStep] = Field(
        default=(), max_length=64, description="How a candidate takes over; by default at once."
    )
    rollback: Maybe[Name] = Field(default=None, description="The rollback policy that watches it.")
    keep: Annotated[int, Field(ge=1, le=100)] = Field(default=3, description="How many earlier releases stay loadable.")

    def problems(self) -> Iterator[ShapeProblem]:
        """Names written twice; steps that do not rise."""
        yield from twice(self.feature_views, ("feature_views",))
        yield from twice(self.models, ("models",))
        for index in range(1, len(self.ramp)):
            if self.ramp[index].share <= self.ramp[index - 1].share:
                yield ShapeProblem(
                    "S014", ("ramp", index, "share"), f"`{self.ramp[index].share}` does not rise above the step before"
                )


class Guard(Shape):
    """A bound on how the service itself does."""

    signal: Annotated[str, Word(SIGNALS)] = Field(description="What is watched.")
    above: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(description="Above this it is a breach.")
    min_samples: Annotated[int, Field(ge=1, le=10**9)] = Field(default=500, description="Not before so many decisions.")


class RollbackPolicyDocument(Envelope):
    """When to go back by itself, judged against the stable release at the same time."""

    kind_name: ClassVar[str] = "RollbackPolicy"

    rules: ClassVar[Mapping[str, Any]] = {
        "anyOf": [{"required": ["metric"]}, {"required": ["guards"], "properties": {"guards": {"minItems": 1}}}]
    }

    kind: Literal["RollbackPolicy"] = Field(description="`RollbackPolicy`.")
    metric: Maybe[Name] = Field(default=None, description="The metric that must not get worse.")
    method: Annotated[str, Word(METHODS)] = Field(default="msprt", description="How it is judged.")
    alpha: Annotated[float, Field(gt=0, le=0.2)] = Field(default=0.01, description="How often a false alarm may be.")
    margin: Share = Field(default=0, description="A loss smaller than this share of the metric is let pass.")
    min_samples: Annotated[int, Field(ge=1, le=10**9)] = Field(
        default=1_000, description="Not before so many units on each side."
    )
    delay: Maybe[Duration] = Field(
        default=None, description="Only exposures older than this count, so that their events have come."
    )
    max_duration: Maybe[Duration] = Field(default=None, description="Undecided after this long, it pauses.")
    guards: Many[Guard] = Field(default=(), max_length=64, description="Bounds on how the service itself does.")
    action: Annotated[str, Word(ACTIONS)] = Field(default="rollback", description="What is done.")
    cooldown: Duration = Field(default="1h", description="No second rollback before this.")

    def problems(self) -> Iterator[ShapeProblem]:
        """Something to watch."""
        if self.metric is None and not self.guards:
            yield ShapeProblem("S011", (), "`metric` is missing: a policy watches a metric, `guards`, or both")
