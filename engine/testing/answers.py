"""The scripted answers of a test case, behind the ports that engines implement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..ir.instant import parse_instant
from ..ir.predicate import Predicate
from ..language.documents.test import Answers, BanditAnswer, ModelAnswer
from ..operators.evaluate import Subject, evaluate
from ..runtime.needs import Choose, CountUses, Got, Need, Predict, ReadFeatures, Recall, Status, fallback_of

Written = Mapping[str, Any]


_FAILED: Mapping[str, Status] = {"timeout": "timeout", "error": "error", "missing": "unavailable"}
_SECTIONS = {"features": "features", "predict": "models", "choose": "bandits"}


@dataclass(frozen=True, slots=True)
class Script:
    """What the world outside answers in one case; what is not said fails, so that fallbacks and defaults hold."""

    answers: Answers

    def answer(self, need: Need) -> Got:
        """What the case says to a need; the declared fallback where it says nothing."""
        match need:
            case ReadFeatures():
                values = self.answers.features.get(need.view)
                return fallback_of(need) if values is None else Got(_data(values))
            case Predict():
                return _prediction(need, self.answers.models.get(need.model))
            case Choose():
                return _choice(need, self.answers.bandits.get(need.bandit))
            case Recall():
                arm = self.answers.sticky.get(need.experiment)
                return Got(None if arm is None else {"arm": arm, "phase": 0})
            case CountUses():
                return Got(self.answers.caps.get(need.key, 0))
        return fallback_of(need)

    def refusals(self, tape: Iterable[Written]) -> Iterator[str]:
        """What was answered and did not have the form that was asked for, by the tape of a decision."""
        for entry in tape:
            section, name = _SECTIONS.get(entry["kind"], ""), entry["name"]
            if entry["status"] == "error" and self._answers(section, name):
                yield f"answers.{section}.{name}: is not what was asked for, so the fallback took its place"

    def _answers(self, section: str, name: str) -> bool:
        """Whether the case has an answer there that does not say that it failed."""
        if section == "features":
            return name in self.answers.features
        answers: Mapping[str, ModelAnswer | BanditAnswer] = (
            self.answers.models if section == "models" else self.answers.bandits if section == "bandits" else {}
        )
        return name in answers and answers[name].status == "ok"


def _data(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as JSON has them: lists where shapes have tuples."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _prediction(need: Predict, answer: ModelAnswer | None) -> Got:
    if answer is None:
        return fallback_of(need)
    if answer.status != "ok":
        return fallback_of(need, _FAILED[answer.status])
    return Got(_data(answer.output or {}), "ok", answer.version or "")


def _choice(need: Choose, answer: BanditAnswer | None) -> Got:
    status = "missing" if answer is None else answer.status
    if answer is None or status != "ok":
        return fallback_of(need, _FAILED[status])
    arm, probability = answer.arm, answer.probability
    others = [each for each in need.arms if each != arm]
    rest = (1.0 - probability) / len(others) if others else 0.0
    distribution = {each: probability if each == arm else rest for each in need.arms}
    return Got({"arm": arm, "probability": probability, "distribution": distribution})


@dataclass(frozen=True, slots=True)
class ReferenceMatcher:
    """Segments by the reference evaluation, for one customer whose history is known."""

    segments: Mapping[str, Predicate]
    subject: Subject

    def holds(self, segment: str, _profile: Mapping[str, Any], now: str) -> bool:
        """Whether the customer is in one segment."""
        return evaluate(self.segments[segment], self.subject, parse_instant(now))

    def match(self, profile: Mapping[str, Any], now: str) -> list[str]:
        """All segments that the customer is in, sorted."""
        return [name for name in sorted(self.segments) if self.holds(name, profile, now)]
