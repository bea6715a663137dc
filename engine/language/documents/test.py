"""`Test`: inputs and what must come of them, with a frozen clock and seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ...shapes.base import UNIQUE, Data, Many, Maybe, Shape, ShapeProblem, Some, twice
from ...shapes.forms import Instant, Name, Text, TextOrInteger, Word
from .envelope import Envelope

STATUSES = {
    "ok": "It answered.",
    "timeout": "It was late; the declared fallback holds.",
    "error": "It failed; the declared fallback holds.",
    "missing": "It knows nothing; defaults hold.",
}


class Event(Shape):
    """An event as it travels."""

    id: Maybe[Text] = Field(default=None, description="Unique among the customer's events; by default its place.")
    type: Name = Field(description="The event type.")
    customer_id: Maybe[Text] = Field(default=None, description="The customer; by default the case's.")
    time: Instant = Field(description="When it happened.")
    data: dict[str, Any] = Field(default_factory=dict, description="Its fields.")

    def as_data(self) -> dict[str, Any]:
        """The event as data, without the keys that were left out."""
        return self.model_dump(exclude_unset=True)


class ModelAnswer(Shape):
    """What a model answers in this case."""

    output: Maybe[dict[Name, Data]] = Field(default=None, description="Its outputs.", examples=[{"score": 0.8}])
    status: Annotated[str, Word(STATUSES)] = Field(default="ok", description="Whether it answers at all.")
    version: Maybe[Text] = Field(default=None, description="The version that answers.")


class BanditAnswer(Shape):
    """What a bandit picks in this case."""

    arm: Maybe[Name] = Field(default=None, description="The arm.")
    probability: Annotated[float, Field(gt=0, le=1)] = Field(default=1.0, description="How likely it was.")
    status: Annotated[str, Word(STATUSES)] = Field(default="ok", description="Whether it picks at all.")


class Answers(Shape):
    """What the world outside answers; what is not said here fails, so that fallbacks and defaults hold."""

    models: dict[Name, ModelAnswer] = Field(default_factory=dict, description="Answers of models.")
    features: dict[Name, dict[Name, Data]] = Field(
        default_factory=dict, description="Values of features, by view.", examples=[{"activity": {"orders_7d": 2}}]
    )
    bandits: dict[Name, BanditAnswer] = Field(default_factory=dict, description="Picks of bandits.")
    sticky: dict[Name, Name] = Field(default_factory=dict, description="Arms that units already have, by experiment.")
    forced: dict[Name, Name] = Field(
        default_factory=dict, description="Arms that hold whatever the assignment would be, by experiment."
    )
    caps: dict[Text, Annotated[int, Field(ge=0)]] = Field(
        default_factory=dict, description="How many have been counted already, by key."
    )


class Expectation(Shape):
    """What must come of a case; what is not said is not looked at."""

    rules: ClassVar[Mapping[str, Any]] = {"minProperties": 1}

    segments: Maybe[Many[Name]] = Field(json_schema_extra=UNIQUE, default=None, description="Exactly these segments.")
    in_segments: Maybe[Many[Name]] = Field(
        json_schema_extra=UNIQUE, default=None, description="These segments, and perhaps others."
    )
    not_segments: Maybe[Many[Name]] = Field(
        json_schema_extra=UNIQUE, default=None, description="None of these segments."
    )
    output: Maybe[dict[Name, Any]] = Field(default=None, description="The decision's output; keys left out may be any.")
    path: Maybe[Some[Name]] = Field(default=None, description="The nodes that are passed, in order.")
    experiments: Maybe[dict[Name, Name]] = Field(default=None, description="The arm in each experiment.")

    def problems(self) -> Iterator[ShapeProblem]:
        """Segments named twice, or wanted and not wanted; nothing expected."""
        if not self.model_fields_set:
            yield ShapeProblem("S014", (), "`expect` is empty; something must be expected")
        for key in ("segments", "in_segments", "not_segments"):
            yield from twice(getattr(self, key) or (), (key,))
        wanted = {*(self.segments or ()), *(self.in_segments or ())}
        for index, name in enumerate(self.not_segments or ()):
            if name in wanted:
                yield ShapeProblem("S016", ("not_segments", index), f"`{name}` is both expected and not expected")


class CaseShape(Shape):
    """One case: what is given, and what must come of it."""

    name: Text = Field(description="The expectation, in words.")
    ruleset: Maybe[Name] = Field(default=None, description="The ruleset that decides; by default the test's.")
    now: Maybe[Instant] = Field(default=None, description="What the clock says; by default the test's `now`.")
    seed: Maybe[TextOrInteger] = Field(default=None, description="What draws hash; by default the test's `seed`.")
    todo: Maybe[Text] = Field(default=None, description="Why it fails for now; it must be taken out once it passes.")
    profile: dict[str, Any] = Field(
        default_factory=dict, description="What is known of the customer.", examples=[{"customer_id": "c-1"}]
    )
    events: Many[Event] = Field(default=(), description="What the customer did.")
    context: dict[Name, Any] = Field(default_factory=dict, description="What the request says.")
    event: Maybe[Event] = Field(default=None, description="The event that the decision is about.")
    membership: Maybe[Many[Name]] = Field(
        json_schema_extra=UNIQUE,
        default=None,
        description="The segments handed in, overrides included; by default the profile is matched.",
    )
    answers: Maybe[Answers] = Field(default=None, description="What the world outside answers.")
    expect: Expectation = Field(description="What must come of it.")

    def problems(self) -> Iterator[ShapeProblem]:
        """Those of what is expected; segments handed in twice."""
        yield from twice(self.membership or (), ("membership",))
        for problem in self.expect.problems():
            yield problem._replace(path=("expect", *problem.path))


class TestDocument(Envelope):
    """Cases that must come out as they say."""

    __test__: ClassVar[bool] = False  # pytest takes a class of this name for a test

    kind_name: ClassVar[str] = "Test"

    kind: Literal["Test"] = Field(description="`Test`.")
    ruleset: Maybe[Name] = Field(default=None, description="The ruleset that decides.")
    now: Maybe[Instant] = Field(default=None, description="What the clock says.", examples=["2026-03-01T09:30:00Z"])
    seed: TextOrInteger = Field(default=0, description="What draws hash, instead of a decision's id.")
    cases: Some[CaseShape] = Field(description="The cases.")

    def problems(self) -> Iterator[ShapeProblem]:
        """A clock that nobody set, a decision without a ruleset, case names written twice; those of the cases."""
        yield from _name_problems(self.cases)
        for index, case in enumerate(self.cases):
            if self.now is None and case.now is None:
                yield ShapeProblem(
                    "S011", ("cases", index), "`now` is missing: the clock is set by the test or by the case"
                )
            yield from self._decision_problems(index, case)
            for problem in case.problems():
                yield problem._replace(path=("cases", index, *problem.path))

    def _decision_problems(self, index: int, case: CaseShape) -> Iterator[ShapeProblem]:
        expect = case.expect
        for key, value in (("output", expect.output), ("path", expect.path), ("experiments", expect.experiments)):
            if value is not None and self.ruleset is None and case.ruleset is None:
                message = f"`ruleset` is missing: `{key}` is that of a decision"
                yield ShapeProblem("S011", ("cases", index, "expect", key), message)
                return


def _name_problems(cases: tuple[CaseShape, ...]) -> Iterator[ShapeProblem]:
    for problem in twice((case.name for case in cases), ("cases",)):
        yield problem._replace(path=(*problem.path, "name"))
