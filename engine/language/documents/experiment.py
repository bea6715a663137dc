"""`Experiment` and `Layer`: who is assigned to which arm, and which experiments exclude each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ...ir.graph import PPM
from ...shapes.base import UNIQUE, Many, Maybe, Shape, ShapeProblem, Some, twice
from ...shapes.forms import Instant, Name, Share, Text
from .envelope import Envelope

Slot = Annotated[int, Field(ge=0, le=PPM)]
SlotRange = Annotated[Some[Slot], Field(min_length=2, max_length=2)]


class ArmShape(Shape):
    """One arm and its weight."""

    weight: Share = Field(
        description="Its share of those in the experiment, in parts per million or per cent; all add up to the whole.",
        examples=[500000, "50%"],
    )
    description: str = Field(default="", description="What those in it get.")


class PhaseShape(Shape):
    """A stretch of time with its own weights or coverage; what it does not say is as in the experiment."""

    starts: Instant = Field(description="When it begins.", examples=["2026-03-01T00:00:00Z"])
    ends: Maybe[Instant] = Field(default=None, description="When it ends; by default with the next phase.")
    weights: Maybe[dict[Name, Share]] = Field(
        default=None, min_length=1, description="Weight by arm.", examples=[{"control": "90%", "treatment": "10%"}]
    )
    coverage: Maybe[Share] = Field(default=None, description="The share of units that takes part.")
    salt: Maybe[Text] = Field(default=None, description="Another salt deals the units out again.")

    def problems(self) -> Iterator[ShapeProblem]:
        """Weights that do not add up."""
        if self.weights is not None:
            yield from _sum_problems(self.weights, ("weights",))


class ExperimentDocument(Envelope):
    """A test of arms against each other: each unit gets one arm, always the same."""

    kind_name: ClassVar[str] = "Experiment"

    rules: ClassVar[Mapping[str, Any]] = {"dependencies": {"slots": ["layer"]}}

    kind: Literal["Experiment"] = Field(description="`Experiment`.")
    unit: Name = Field(
        description="Who or what is assigned: the profile's key, or a field of the context.", examples=["customer_id"]
    )
    salt: Maybe[Text] = Field(default=None, description="What the hash begins with; by default the experiment's name.")
    arms: dict[Name, ArmShape] = Field(
        min_length=2,
        max_length=64,
        description="The arms with their weights.",
        examples=[{"control": {"weight": "50%"}, "treatment": {"weight": "50%"}}],
    )
    control: Maybe[Name] = Field(
        default=None,
        description="The arm that those outside get; by default the one called `control`, else the first by name.",
    )
    coverage: Share = Field(default=PPM, description="The share of units that takes part.", examples=["20%"])
    layer: Maybe[Name] = Field(default=None, description="The layer whose experiments exclude each other.")
    slots: Maybe[Many[SlotRange]] = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="The layer's slots that are this experiment's: from, up to but not including; of 1,000,000.",
        examples=[[[0, 250000]]],
    )
    holdout: Share = Field(default=0, description="The share of units kept out before anything else.")
    starts: Maybe[Instant] = Field(default=None, description="When it begins; by default it has.")
    ends: Maybe[Instant] = Field(default=None, description="When it ends; everybody then gets the control arm.")
    phases: Many[PhaseShape] = Field(
        default=(), max_length=64, description="Changes of weights or coverage, each from an instant on."
    )
    sticky: bool = Field(default=False, description="A unit keeps its arm when weights change.")
    primary: Maybe[Name] = Field(default=None, description="The metric that decides.")
    secondary: Many[Name] = Field(
        json_schema_extra=UNIQUE, default=(), max_length=64, description="Metrics that are reported too."
    )
    guardrails: Many[Name] = Field(
        json_schema_extra=UNIQUE, default=(), max_length=64, description="Metrics that must not get worse."
    )

    def problems(self) -> Iterator[ShapeProblem]:
        """Weights that do not add up, arms that do not exist, slots without a layer, phases out of order."""
        yield from _sum_problems({name: arm.weight for name, arm in self.arms.items()}, ("arms",))
        if self.control is not None and self.control not in self.arms:
            yield _unknown_arm(self.control, self.arms, ("control",))
        yield from self._slot_problems()
        yield from self._phase_problems()
        yield from twice(self.secondary, ("secondary",))
        yield from twice(self.guardrails, ("guardrails",))

    def _slot_problems(self) -> Iterator[ShapeProblem]:
        if self.slots is not None and self.layer is None:
            yield ShapeProblem("S011", (), "`layer` is missing: `slots` are slots of a layer")
        for index, (first, last) in enumerate(self.slots or ()):
            if first >= last:
                yield ShapeProblem(
                    "S014", ("slots", index), f"`[{first}, {last}]` has no slot; the second must be larger"
                )

    def _phase_problems(self) -> Iterator[ShapeProblem]:
        for index, phase in enumerate(self.phases):
            for problem in phase.problems():
                yield problem._replace(path=("phases", index, *problem.path))
            for arm in phase.weights or ():
                if arm not in self.arms:
                    yield _unknown_arm(arm, self.arms, ("phases", index, "weights", arm))


class LayerDocument(Envelope):
    """Experiments of one layer exclude each other: each owns ranges of the layer's 1,000,000 slots."""

    kind_name: ClassVar[str] = "Layer"

    kind: Literal["Layer"] = Field(description="`Layer`.")
    unit: Maybe[Name] = Field(default=None, description="The unit that all its experiments assign.")
    salt: Maybe[Text] = Field(default=None, description="What the hash begins with; by default the layer's name.")
    holdout: Share = Field(default=0, description="The share of units kept out of every experiment of the layer.")


def _sum_problems(weights: Mapping[str, int], path: tuple[str | int, ...]) -> Iterator[ShapeProblem]:
    total = sum(weights.values())
    if total != PPM:
        yield ShapeProblem(
            "S014",
            path,
            f"`{path[-1]}` have weights of {total / 10_000:g}% together; expected 100%",
            label=f"{abs(PPM - total) / 10_000:g}% {'too much' if total > PPM else 'missing'}",
        )


def _unknown_arm(name: str, arms: Mapping[str, object], path: tuple[str | int, ...]) -> ShapeProblem:
    return ShapeProblem("S013", path, f"`{name}` is not an arm; the arms are {', '.join(f'`{arm}`' for arm in arms)}")
