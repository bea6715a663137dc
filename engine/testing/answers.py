"""The scripted answers of a test case, behind the ports that engines implement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..ir.instant import parse_instant
from ..ir.predicate import Predicate
from ..operators.evaluate import Subject, evaluate
from ..runtime.needs import Choose, CountUses, Got, Need, Predict, ReadFeatures, Recall, Status, fallback_of

Written = Mapping[str, Any]


_FAILED: Mapping[str, Status] = {"timeout": "timeout", "error": "error", "missing": "unavailable"}
_SECTIONS = {"features": "features", "predict": "models", "choose": "bandits"}


@dataclass(frozen=True, slots=True)
class Script:
    """What the world outside answers in one case; what is not said fails, so that fallbacks and defaults hold."""

    models: Mapping[str, Written]
    features: Mapping[str, Written]
    bandits: Mapping[str, Written]
    sticky: Mapping[str, str]
    caps: Mapping[str, int]
    forced: Mapping[str, str]

    def answer(self, need: Need) -> Got:
        """What the case says to a need; the declared fallback where it says nothing."""
        match need:
            case ReadFeatures():
                return Got(dict(self.features[need.view])) if need.view in self.features else fallback_of(need)
            case Predict():
                return _predicted(need, self.models.get(need.model))
            case Choose():
                return _chosen(need, self.bandits.get(need.bandit))
            case Recall():
                arm = self.sticky.get(need.experiment)
                return Got(None if arm is None else {"arm": arm, "phase": 0})
            case CountUses():
                return Got(self.caps.get(need.key, 0))
        return fallback_of(need)

    def refused(self, tape: Iterable[Written]) -> Iterator[str]:
        """What was answered and did not have the form that was asked for, by the tape of a decision."""
        for entry in tape:
            section = _SECTIONS.get(entry["kind"], "")
            said = getattr(self, section).get(entry["name"]) if section else None
            if (
                said is None
                or entry["status"] != "error"
                or (section != "features" and said.get("status", "ok") != "ok")
            ):
                continue
            yield f"answers.{section}.{entry['name']}: is not what was asked for, so the fallback took its place"


def _predicted(need: Predict, answer: Written | None) -> Got:
    if answer is None:
        return fallback_of(need)
    status = answer.get("status", "ok")
    if status != "ok":
        return fallback_of(need, _FAILED[status])
    return Got(dict(answer.get("output") or {}), "ok", str(answer.get("version") or ""))


def _chosen(need: Choose, answer: Written | None) -> Got:
    status = "missing" if answer is None else answer.get("status", "ok")
    if answer is None or status != "ok":
        return fallback_of(need, _FAILED[status])
    arm, probability = answer.get("arm"), float(answer.get("probability", 1.0))
    others = [each for each in need.arms if each != arm]
    rest = (1.0 - probability) / len(others) if others else 0.0
    distribution = {each: probability if each == arm else rest for each in need.arms}
    return Got({"arm": arm, "probability": probability, "distribution": distribution})


def script_of(answers: Written | None) -> Script:
    """The script of a case's shape-checked `answers`."""
    said = answers or {}
    return Script(*(said.get(key) or {} for key in ("models", "features", "bandits", "sticky", "caps", "forced")))


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
