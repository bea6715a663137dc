"""The intake: turns a request, as JSON data, into the canonical facts of one decision, or refuses it.

The command line, tests of workspaces, the Python API and a service all take requests in here, so a request means the
same wherever it arrives. A refusal names each place (`events[3].data.amount`) and never repeats a value.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from ..ir.instant import InstantError, canonical_instant, parse_instant
from ..operators.values import kind_of
from .border import PROBLEM_LIMIT, Border, Refusal, problems_text, shown_name
from .clock import system_now

if TYPE_CHECKING:
    from .fold import Folding

Event: TypeAlias = dict[str, Any]
Read: TypeAlias = tuple[dict[str, Any] | None, list[Refusal]]


class FactsRefusedError(ValueError):
    """The facts of a request do not fit the catalogue; `problems` say where, without repeating a value."""

    def __init__(self, problems: Sequence[Refusal]) -> None:
        super().__init__(problems_text(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Facts:
    """What one decision is made from: all of it canonical, but for the context, which each ruleset declares itself.

    `events` is the history in event order, `event` the one that the decision is about. Where there is a history, the
    profile follows from it.
    """

    profile: dict[str, Any]
    events: tuple[Event, ...] = ()
    event: Event | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    membership: Collection[str] | None = None
    decision_id: str | None = None


class Intake:
    """Reads requests about the customers of one catalogue."""

    __slots__ = ("_border", "_folding", "_key")

    def __init__(self, border: Border, folding: Folding | None = None) -> None:
        self._border = border
        if folding is None:
            from .fold import Folding

            folding = Folding(border.catalogue)
        self._folding = folding
        self._key = border.key

    def facts(self, raw: Any, now: str | None = None) -> Facts:
        """The facts of a request `{<key>, profile, context, event, events, membership, decision_id}`.

        All but the customer is optional, and the customer's key may stand in the profile instead. `now` is a canonical
        instant, by default the present. Raises FactsRefusedError.
        """
        self._check_shape(raw)
        profile, events = self.subject(raw.get("profile") or {}, raw.get("events") or (), now, raw.get(self._key))
        about = raw.get("event")
        return Facts(
            profile,
            events,
            None if about is None else self.event(about, profile[self._key]),
            raw.get("context") or {},
            raw.get("membership"),
            raw.get("decision_id"),
        )

    def subject(
        self, profile: Any, events: Collection[Any], now: str | None = None, customer: Any = None
    ) -> tuple[dict[str, Any], tuple[Event, ...]]:
        """The canonical profile as of now, and the canonical history.

        Where there are events, the profile follows from them, as a worker makes it; what was stated counts as set
        before the first. `now` is a canonical instant, by default the present. Raises FactsRefusedError.
        """
        if not events:
            return self._folding.without_events(self._stated_profile(profile, customer, self._border.profile)), ()
        stated = self._stated_profile(profile, customer, self._border.profile_with_events)
        history = self.history(events, stated[self._key])
        return self._folding.over(stated, history, parse_instant(now or system_now())), tuple(history)

    def _stated_profile(self, raw: Any, customer: Any, read: Callable[[Any], Read]) -> dict[str, Any]:
        """The canonical profile as stated; its key may be given separately. Raises FactsRefusedError."""
        key = self._key
        if customer is not None and isinstance(raw, Mapping):
            if raw.get(key, customer) != customer:
                raise FactsRefusedError([Refusal(f"profile.{key}", f"is another customer than `{key}`")])
            raw = {**raw, key: customer}
        profile, problems = read(raw)
        if profile is None:
            raise FactsRefusedError(_within("profile", problems))
        return profile

    def history(self, raw: Iterable[Any], customer: str) -> list[Event]:
        """The customer's canonical events in event order, exact repetitions left out. Raises FactsRefusedError."""
        events: list[Event] = []
        by_id: dict[str, list[Event]] = {}  # so that looking for a repetition does not go through all
        problems: list[Refusal] = []
        for index, written in enumerate(raw):
            try:
                event = self.event(written, customer, f"events[{index}]")
            except FactsRefusedError as refused:
                problems += refused.problems
                if len(problems) >= PROBLEM_LIMIT:
                    break
                continue
            same = by_id.setdefault(event["id"], [])
            if event not in same:
                same.append(event)
                events.append(event)
        if problems:
            raise FactsRefusedError(problems[:PROBLEM_LIMIT])
        return event_order(events)

    def event(self, raw: Any, customer: str, place: str = "event") -> Event:
        """The canonical event, which need not name its customer. Raises FactsRefusedError."""
        key = self._key
        event, problems = self._border.event({key: customer, **raw} if isinstance(raw, Mapping) else raw)
        if event is None:
            raise FactsRefusedError(_within(place, problems))
        if event[key] != customer:
            raise FactsRefusedError([Refusal(f"{place}.{key}", f"is another customer than `{key}`")])
        return event

    def _check_shape(self, raw: Any) -> None:
        if not isinstance(raw, Mapping):
            raise FactsRefusedError([Refusal("", "expected a JSON object")])
        key = self._key
        for name, value in raw.items():
            if name == key:
                continue
            shape = _SHAPES.get(name)
            if shape is None:
                known = ", ".join((key, *_SHAPES))
                raise FactsRefusedError([Refusal(shown_name(name), f"is not part of an input; expected {known}")])
            fits, words = shape
            if value is not None and not fits(value):
                raise FactsRefusedError([Refusal(name, f"expected {words}")])
        if raw.get("decision_id") is not None:
            _, problems = self._border.decision_id(raw["decision_id"])
            if problems:
                raise FactsRefusedError(problems)


def instant_of(raw: Any) -> str:
    """The canonical instant of a decision, as it was handed in under `now`. Raises FactsRefusedError."""
    if not isinstance(raw, str):
        raise FactsRefusedError([Refusal("now", f"expected an instant with a zone, found {kind_of(raw)}")])
    try:
        return canonical_instant(raw)
    except InstantError as problem:
        raise FactsRefusedError([Refusal("now", f"expected {problem}")]) from None


def event_order(events: Iterable[Event]) -> list[Event]:
    """The events by event time; ties keep the order in which they came in."""
    return sorted(events, key=_time)


def _time(event: Event) -> str:
    time: str = event["time"]
    return time


def _within(place: str, problems: Iterable[Refusal]) -> list[Refusal]:
    """The problems with a part of a request, at their places in the request."""
    return [Refusal(".".join(part for part in (place, each.path) if part), each.message) for each in problems]


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _are_names(value: Any) -> bool:
    is_collection = isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping)
    return is_collection and all(isinstance(name, str) for name in value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_SHAPES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "profile": (_is_object, "an object"),
    "context": (_is_object, "an object"),
    "event": (_is_object, "an object"),
    "events": (_is_list, "a list of events"),
    "membership": (_are_names, "a list of segment names"),
    "decision_id": (_is_text, "text"),
}
