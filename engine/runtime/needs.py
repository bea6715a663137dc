"""Needs, the questions that a decision asks of the outside, and their answers: values, so that both can be batched.

A rule graph never performs I/O. It yields a tuple of needs and is resumed with as many answers (`Got`); the driver
(`engine.runtime.drivers`) decides who answers, when and from where. Two equal needs are the same question.

A kind of need is one class: the question, its fallback, and the answers that it accepts. One port
(`engine.runtime.ports`) answers it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

from .border import Reader, Refusal, read_object

Status: TypeAlias = Literal["ok", "fallback", "timeout", "error", "unavailable"]
STATUSES: tuple[Status, ...] = ("ok", "fallback", "timeout", "error", "unavailable")

ANSWER_LIMIT = 100_000  # values in one answer
_UNREAD: Mapping[str, Reader] = {}


class Got(NamedTuple):
    """An answer: the value, how it came about, and the version of what gave it.

    Anything but "ok" carries the declared fallback: "fallback" when the engine itself fell back, "timeout" and "error"
    when it was late or failed, "unavailable" when there is none.
    """

    value: Any
    status: Status = "ok"
    version: str = ""


class Need(ABC):
    """One question, a frozen and hashable value; `timeout` is the time in ms that its answer may take.

    `kind` is the kind's name on the tape of a decision.
    """

    __slots__ = ()

    kind: ClassVar[str]
    timeout: int

    @property
    @abstractmethod
    def name(self) -> str:
        """The name of what the need asks for, as the tape has it."""

    @abstractmethod
    def fallback_value(self) -> Any:
        """The declared value for a need that gets no answer."""

    @abstractmethod
    def accept(self, got: Got) -> Got | None:
        """The answer as the decision uses it, None if it does not have the expected form."""


@dataclass(frozen=True, slots=True)
class ReadFeatures(Need):
    """Features of one entity: the value is an object of (feature, value); missing features are absent."""

    kind = "features"

    view: str
    entity_type: str
    entity: str
    fallback: tuple[tuple[str, Any], ...] = ()
    timeout: int = 20
    readers: Mapping[str, Reader] = field(default_factory=lambda: _UNREAD, compare=False, repr=False)
    """How each declared feature is read; others are refused."""

    @property
    def name(self) -> str:
        """The view."""
        return self.view

    def fallback_value(self) -> dict[str, Any]:
        """The defaults."""
        return declared_values(self.fallback)

    def accept(self, got: Got) -> Got | None:
        """Features of the declared types."""
        return _read_answer(self.readers, got)


@dataclass(frozen=True, slots=True)
class Predict(Need):
    """A model's reply to named inputs: the value is an object of (output, value)."""

    kind = "predict"

    model: str
    version: str
    inputs: tuple[tuple[str, Any], ...]
    outputs: tuple[str, ...] = ()
    fallback: tuple[tuple[str, Any], ...] = ()
    timeout: int = 50
    readers: Mapping[str, Reader] = field(default_factory=lambda: _UNREAD, compare=False, repr=False)
    """How each declared output is read; others are refused."""

    @property
    def name(self) -> str:
        """The model."""
        return self.model

    @property
    def complete(self) -> bool:
        """Whether no input is missing; a model is not called without one."""
        return all(value is not None for _, value in self.inputs)

    def fallback_value(self) -> dict[str, Any]:
        """The outputs that are declared as fallback."""
        return declared_values(self.fallback)

    def accept(self, got: Got) -> Got | None:
        """Outputs of the declared types; all of them, unless the engine fell back."""
        read = _read_answer(self.readers, got)
        if read is None or (got.status == "ok" and any(name not in read.value for name in self.outputs)):
            return None
        return read


@dataclass(frozen=True, slots=True)
class Choose(Need):
    """An arm of a bandit: the value is `{"arm", "probability", "distribution"}`; draws hash unit and decision id."""

    kind = "choose"

    bandit: str
    unit_type: str
    unit: str
    arms: tuple[str, ...]
    features: tuple[tuple[str, Any], ...]
    decision_id: str
    fallback: str | None
    timeout: int = 20

    @property
    def name(self) -> str:
        """The bandit."""
        return self.bandit

    def fallback_value(self) -> dict[str, Any] | None:
        """The fallback arm with probability 1; None if there is none."""
        if self.fallback is None:
            return None
        distribution = dict.fromkeys(self.arms, 0.0) | {self.fallback: 1.0}
        return {"arm": self.fallback, "probability": 1.0, "distribution": distribution}

    def accept(self, got: Got) -> Got | None:
        """One of the arms, with its probability in a distribution that is one."""
        return got if self._is_choice(got.value) else None

    def _is_choice(self, value: Any) -> bool:
        if value is None:
            return self.fallback is None
        arms = (*self.arms, self.fallback)
        if not isinstance(value, dict) or not _is_plain(value) or value.get("arm") not in arms:
            return False
        shares, own = value.get("distribution"), value.get("probability")
        if not isinstance(shares, dict) or not set(shares) <= set(arms) or type(own) is not float:
            return False
        numbers = list(shares.values())
        if not all(type(number) is float and 0.0 <= number <= 1.0 for number in numbers):
            return False
        return abs(sum(numbers) - 1.0) < 1e-6 and own > 0.0 and bool(shares.get(value["arm"]) == own)


@dataclass(frozen=True, slots=True)
class Recall(Need):
    """The arm that a unit was given before (sticky assignment): the value is `{"arm", "phase"}` or None."""

    kind = "sticky"

    experiment: str
    unit_type: str
    unit: str
    timeout: int = 20

    @property
    def name(self) -> str:
        """The experiment."""
        return self.experiment

    def fallback_value(self) -> None:
        """No arm."""

    def accept(self, got: Got) -> Got | None:
        """An arm with its phase, or none."""
        value = got.value
        fits = value is None or (
            isinstance(value, dict) and isinstance(value.get("arm"), str) and type(value.get("phase")) is int
        )
        return got if fits else None


@dataclass(frozen=True, slots=True)
class CountUses(Need):
    """How often the unit had `key` in the last `within` ms: the value is a whole number."""

    kind = "cap"

    key: str
    unit: str
    within: int
    timeout: int = 20

    @property
    def name(self) -> str:
        """The key."""
        return self.key

    def fallback_value(self) -> int:
        """No use."""
        return 0

    def accept(self, got: Got) -> Got | None:
        """A whole number from 0."""
        return got if type(got.value) is int and got.value >= 0 else None


NEEDS: tuple[type[Need], ...] = (ReadFeatures, Predict, Choose, Recall, CountUses)
"""The kinds that nodes of rulesets ask for."""


def fallback_of(need: Need, status: Status = "unavailable") -> Got:
    """The declared answer for a need without a better one."""
    return Got(need.fallback_value(), status)


def accept_answer(need: Need, got: Any) -> Got:
    """The answer as the decision uses it, or the fallback with status "error" if it does not have the expected form."""
    if isinstance(got, Got) and got.status in STATUSES and type(got.version) is str:
        found = need.accept(got)
        if found is not None:
            return found
    return fallback_of(need, "error")


def declared_values(values: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Declared values as an object of JSON data: a constant list, a tuple in the IR, becomes a list of its own."""
    pairs = [(name, list(value) if isinstance(value, tuple) else value) for name, value in values]
    return {name: value for name, value in pairs if value is not None}


def _read_answer(readers: Mapping[str, Reader], got: Got) -> Got | None:
    """The answer with the members of its object as they are declared, None when one does not fit."""
    if not isinstance(got.value, dict) or not _is_plain(got.value):
        return None
    problems: list[Refusal] = []
    value = read_object(readers, got.value, "", problems) or {}
    return None if problems else Got(value, got.status, got.version)


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
