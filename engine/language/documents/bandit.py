"""`Bandit`: arms, how one is picked, what is learnt from, and what keeps it within bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ...ir.graph import PPM
from ...shapes.base import Maybe, Shape, ShapeProblem, Some
from ...shapes.forms import Duration, Expression, Name, Share, Text, Timeout, Word
from .envelope import Envelope

POLICIES = {
    "squarecb": "Inverse gap weighting on a ridge regression; honest probabilities, good with late rewards.",
    "lints": "Thompson sampling on a ridge regression, with exact probabilities.",
    "linucb": "The largest upper bound, smoothed by `floor`; wants rewards soon.",
    "epsilon_greedy": "The best arm so far, and now and then another.",
    "uniform": "Every arm alike; for gathering data.",
    "fixed": "The weights of the arms, as written.",
}
MODES = {
    "paused": "The fallback arm, always.",
    "logging": "The fallback arm; what would have been picked is not computed.",
    "shadow": "The fallback arm; what would have been picked is recorded.",
    "apprentice": "The fallback arm, whose rewards are learnt from.",
    "live": "The bandit picks, for its `share` of the units.",
}
FEATURE_TYPES = {
    "number": "A double, centred and scaled.",
    "integer": "A whole number, centred and scaled.",
    "boolean": "1 or 0.",
    "keyword": "One of `values`, as one number each.",
}
AGGREGATES = {"sum": "All added up.", "first": "The first.", "last": "The last.", "max": "The largest."}

Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]


class BanditFeature(Shape):
    """Something known when the arm is picked."""

    rules: ClassVar[Mapping[str, Any]] = {
        "if": {"properties": {"type": {"const": "keyword"}}},
        "then": {"required": ["values"]},
        "else": {"properties": {"values": False}},
    }

    type: Annotated[str, Word(FEATURE_TYPES)] = Field(description="What kind of value it is.")
    source: Maybe[Expression] = Field(
        default=None,
        alias="from",
        description="Where it comes from, unless the node says.",
        examples=["profile.orders"],
    )
    values: Maybe[Some[Text]] = Field(default=None, max_length=256, description="The values of a keyword.")
    mean: Finite = Field(default=0.0, description="Taken off before learning.")
    scale: Positive = Field(default=1.0, description="Divided by before learning.")
    default: Maybe[Finite] = Field(default=None, description="Used where it is missing; by default the mean.")

    def problems(self) -> Iterator[ShapeProblem]:
        """Keywords have values; nothing else has."""
        if self.type == "keyword" and self.values is None:
            yield ShapeProblem("S011", (), "`values` is missing: a keyword is learnt as one number for each value")
        if self.type != "keyword" and self.values is not None:
            yield ShapeProblem(
                "S016", ("values",), f"`values` does not go with `type: {self.type}`; only a keyword has them"
            )


class BanditArm(Shape):
    """One arm."""

    when: Maybe[Expression] = Field(default=None, description="When it may be picked; by default always.")
    features: dict[Name, Finite] = Field(default_factory=dict, description="What is known of the arm itself.")
    weight: Maybe[Share] = Field(default=None, description="Its share, for the policy `fixed`.")
    description: str = Field(default="", description="What is shown.")


class PolicyParameters(Shape):
    """How the policy learns; what is not said is as the policy finds best."""

    exploration: Maybe[Positive] = Field(
        default=None, description="How much is tried: gamma's factor, the sampling width, the bound's width, epsilon."
    )
    ridge: Positive = Field(default=1.0, description="How strongly unknown effects are held at zero.")
    forgetting: Annotated[float, Field(gt=0.5, le=1)] = Field(
        default=1.0, description="What an event counts after the next one; below 1, old events fade."
    )


class Reward(Shape):
    """What is learnt from: a metric, how long it is waited for, and what no event means."""

    metric: Name = Field(description="The metric.")
    wait: Duration = Field(description="How long rewards of a decision are waited for.", examples=["24h"])
    aggregate: Annotated[str, Word(AGGREGATES)] = Field(default="sum", description="What several rewards make.")
    default: Finite = Field(default=0.0, description="The reward when none came.")
    min: Finite = Field(default=0.0, description="Smaller rewards are refused.")
    max: Finite = Field(default=1.0, description="Larger rewards are refused.")

    def problems(self) -> Iterator[ShapeProblem]:
        """Bounds the wrong way round; a default outside them."""
        if self.min >= self.max:
            yield ShapeProblem("S014", ("min",), f"`min` is {self.min}; less than `max`, {self.max}, was expected")
        elif not self.min <= self.default <= self.max:
            yield ShapeProblem(
                "S014", ("default",), f"`default` is {self.default}; from {self.min} to {self.max} was expected"
            )


class Guardrails(Shape):
    """What keeps the bandit within bounds, whatever it has learnt."""

    mode: Annotated[str, Word(MODES)] = Field(default="live", description="Whether it decides.")
    share: Share = Field(default=PPM, description="The share of units it decides for; the others get the fallback arm.")
    floor: Share = Field(default=0, description="Every arm that may be picked gets at least this share.")
    cap: Share = Field(default=PPM, description="No arm gets more than this share.")
    max_age: Maybe[Duration] = Field(
        default=None, description="With parameters older than this, the fallback arm is picked."
    )
    metrics: Maybe[Some[Name]] = Field(default=None, description="Metrics that must not get worse.")


class BanditDocument(Envelope):
    """Arms of which one is picked for each decision, better and better by what came of it."""

    kind_name: ClassVar[str] = "Bandit"

    rules: ClassVar[Mapping[str, Any]] = {
        "if": {"properties": {"policy": {"enum": ["uniform", "fixed"]}}, "required": ["policy"]},
        "else": {"required": ["reward"]},
    }

    kind: Literal["Bandit"] = Field(description="`Bandit`.")
    unit: Name = Field(description="Who is picked for: the profile's key, or a field of the context.")
    salt: Maybe[Text] = Field(default=None, description="What the hash begins with; by default the bandit's name.")
    arms: dict[Name, BanditArm] = Field(min_length=2, max_length=1_000, description="The arms.")
    fallback: Name = Field(description="The arm that is picked when no one can choose.")
    policy: Annotated[str, Word(POLICIES)] = Field(default="squarecb", description="How an arm is picked.")
    parameters: Maybe[PolicyParameters] = Field(default=None, description="How the policy learns.")
    features: dict[Name, BanditFeature] = Field(
        default_factory=dict, max_length=256, description="What is known when an arm is picked."
    )
    reward: Maybe[Reward] = Field(default=None, description="What is learnt from.")
    guardrails: Maybe[Guardrails] = Field(default=None, description="What keeps it within bounds.")
    deadline: Timeout = Field(default="20ms", description="When nobody has chosen by then, the fallback arm is picked.")

    def problems(self) -> Iterator[ShapeProblem]:
        """An unknown fallback, rewards and features out of bounds, floors and caps that no distribution can keep."""
        if self.fallback not in self.arms:
            arms = ", ".join(f"`{arm}`" for arm in self.arms)
            yield ShapeProblem("S013", ("fallback",), f"`{self.fallback}` is not an arm; the arms are {arms}")
        for name, feature in self.features.items():
            for problem in feature.problems():
                yield problem._replace(path=("features", name, *problem.path))
        if self.reward is not None:
            for problem in self.reward.problems():
                yield problem._replace(path=("reward", *problem.path))
        yield from self._share_problems()

    def _share_problems(self) -> Iterator[ShapeProblem]:
        if self.policy not in ("uniform", "fixed") and self.reward is None:
            yield ShapeProblem("S011", (), f"`reward` is missing: `policy: {self.policy}` learns from it")
        if self.policy == "fixed" and sum(arm.weight or 0 for arm in self.arms.values()) != PPM:
            yield ShapeProblem(
                "S014", ("arms",), "`arms` have weights that do not make 100%; `policy: fixed` needs them"
            )
        rails = self.guardrails
        if rails is not None and rails.floor * len(self.arms) > PPM:
            yield ShapeProblem(
                "S014", ("guardrails", "floor"), f"`floor` of {len(self.arms)} arms is more than the whole"
            )
        if rails is not None and rails.cap * len(self.arms) < PPM:
            yield ShapeProblem("S014", ("guardrails", "cap"), f"`cap` of {len(self.arms)} arms is less than the whole")
