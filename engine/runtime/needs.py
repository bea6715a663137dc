"""What a decision may ask of the outside, and what comes back: values, so that asking and answering can be batched.

A rule graph never performs I/O. It yields a tuple of needs and is resumed with as many answers (`Got`); who answers,
when and from where is the driver's business (`engine.runtime.drivers`). Two equal needs are the same question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal, NamedTuple, TypeAlias

Status: TypeAlias = Literal["ok", "fallback", "timeout", "error", "unavailable"]
STATUSES: tuple[Status, ...] = ("ok", "fallback", "timeout", "error", "unavailable")

ANSWER_LIMIT = 100_000  # values in one answer


class Got(NamedTuple):
    """An answer: the value, how it came about, and the version of what gave it.

    Anything but "ok" carries the declared fallback: "fallback" when the engine itself fell back, "timeout" and "error"
    when it was late or failed, "unavailable" when there is none.
    """

    value: Any
    status: Status = "ok"
    version: str = ""


@dataclass(frozen=True, slots=True)
class ReadFeatures:
    """Features of one entity: the value is an object of (feature, value); missing features are absent."""

    view: str
    entity_type: str
    entity: str
    fallback: tuple[tuple[str, Any], ...] = ()
    timeout: int = 20  # ms, as for every need


@dataclass(frozen=True, slots=True)
class Predict:
    """A model's reply to named inputs: the value is an object of (output, value)."""

    model: str
    version: str
    inputs: tuple[tuple[str, Any], ...]
    outputs: tuple[str, ...] = ()
    fallback: tuple[tuple[str, Any], ...] = ()
    timeout: int = 50

    @property
    def complete(self) -> bool:
        """Whether no input is missing; a model is not called without one."""
        return all(value is not None for _, value in self.inputs)


@dataclass(frozen=True, slots=True)
class Choose:
    """An arm of a bandit: the value is `{"arm", "probability", "distribution"}`; draws hash unit and decision id."""

    bandit: str
    unit_type: str
    unit: str
    arms: tuple[str, ...]
    features: tuple[tuple[str, Any], ...]
    decision_id: str
    fallback: str | None
    timeout: int = 20


@dataclass(frozen=True, slots=True)
class Recall:
    """The arm that a unit was given before (sticky assignment): the value is `{"arm", "phase"}` or None."""

    experiment: str
    unit_type: str
    unit: str
    timeout: int = 20


@dataclass(frozen=True, slots=True)
class CountUses:
    """How often the unit had `key` in the last `within` ms: the value is a whole number."""

    key: str
    unit: str
    within: int
    timeout: int = 20


Need: TypeAlias = ReadFeatures | Predict | Choose | Recall | CountUses


def fallback_of(need: Need, status: Status = "unavailable") -> Got:
    """The declared answer when nobody can give a better one."""
    if isinstance(need, ReadFeatures | Predict):
        return Got(declared(need.fallback), status)
    if isinstance(need, Choose):
        return Got(_certain(need), status)
    return Got(None if isinstance(need, Recall) else 0, status)


def declared(values: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Declared values as an object of JSON data: a constant list, a tuple in the IR, becomes a list of its own."""
    pairs = [(name, list(value) if isinstance(value, tuple) else value) for name, value in values]
    return {name: value for name, value in pairs if value is not None}


def accepted(need: Need, got: Any) -> Got:
    """The answer if it has the form that the need asks for, else the fallback with status "error"."""
    if not isinstance(got, Got) or got.status not in STATUSES or type(got.version) is not str:
        return fallback_of(need, "error")
    return got if _FITS[type(need)](need, got.value) else fallback_of(need, "error")


def identity(need: Need) -> tuple[str, str]:
    """The kind of a need and the name of what is asked, as they stand on the tape."""
    return _IDENTITIES[type(need)][0], str(getattr(need, _IDENTITIES[type(need)][1]))


_IDENTITIES: dict[type, tuple[str, str]] = {
    ReadFeatures: ("features", "view"),
    Predict: ("predict", "model"),
    Choose: ("choose", "bandit"),
    Recall: ("sticky", "experiment"),
    CountUses: ("cap", "key"),
}


def _certain(need: Choose) -> dict[str, Any] | None:
    if need.fallback is None:
        return None
    distribution = dict.fromkeys(need.arms, 0.0) | {need.fallback: 1.0}
    return {"arm": need.fallback, "probability": 1.0, "distribution": distribution}


def _is_object(_need: Any, value: Any) -> bool:
    return isinstance(value, dict) and all(type(key) is str for key in value) and _is_plain(value)


def _is_plain(value: Any) -> bool:
    """Whether it is JSON data of bounded size, with finite numbers and 64-bit integers."""
    waiting, seen = [value], 0
    while waiting:
        item = waiting.pop()
        seen += 1
        if seen > ANSWER_LIMIT:
            return False
        if isinstance(item, dict):
            if not all(type(key) is str for key in item):
                return False
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)
        elif not _is_scalar(item):
            return False
    return True


def _is_scalar(item: Any) -> bool:
    kind = type(item)
    if kind is float:
        return isfinite(float(item))
    if kind is int:
        return -(2**63) <= int(item) < 2**63
    return item is None or kind is str or kind is bool


def _is_choice(need: Choose, value: Any) -> bool:
    """The arm is one of the arms, its probability is that of the distribution, and the distribution is one."""
    if value is None:
        return need.fallback is None
    if not isinstance(value, dict) or not _is_plain(value) or value.get("arm") not in (*need.arms, need.fallback):
        return False
    shares, own = value.get("distribution"), value.get("probability")
    if not isinstance(shares, dict) or not set(shares) <= {*need.arms, need.fallback} or type(own) is not float:
        return False
    numbers = list(shares.values())
    if not all(type(number) is float and 0.0 <= number <= 1.0 for number in numbers):
        return False
    return abs(sum(numbers) - 1.0) < 1e-6 and own > 0.0 and bool(shares.get(value["arm"]) == own)


def _is_memory(_need: Any, value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, dict) and isinstance(value.get("arm"), str) and type(value.get("phase")) is int


def _is_count(_need: Any, value: Any) -> bool:
    return type(value) is int and value >= 0


_FITS: dict[type, Any] = {
    ReadFeatures: _is_object,
    Predict: _is_object,
    Choose: _is_choice,
    Recall: _is_memory,
    CountUses: _is_count,
}
