"""A program made ready to run: the border, the matcher and the decider, each made when it is first needed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

from ..ir.instant import canonical_instant, parse_instant
from ..ir.program import Program
from ..operators.values import kind_of
from .border import Border, Problem
from .clock import system_now
from .decide import Decider
from .decision import Decision
from .matcher import Matcher
from .ports import Assigner, Ports


class FactsRefusedError(ValueError):
    """A profile or an event does not fit the catalogue; `problems` say where, without repeating a value."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"`{problem.path}` {problem.message}" for problem in problems))
        self.problems = tuple(problems)


class Runtime:
    """Everything that runs of one program, safe to share between threads; `digest` is its bundle's, if any."""

    def __init__(
        self, program: Program, digest: str = "", *, assigner: Assigner | None = None, ports: Ports | None = None
    ) -> None:
        self.program = program
        self.digest = digest
        self._assigner = assigner
        self._ports = ports
        self._lists = {name: frozenset(members) for name, members in program.lists.items()}
        self._single: dict[str, Matcher] = {}

    def prepare(self) -> None:
        """Make now what is otherwise made at the first request, so that it fails now or never. Raises DecodeError."""
        _ = self.border, self.matcher
        self.decider.prepare()

    @cached_property
    def border(self) -> Border:
        """What turns raw profiles and events into canonical ones."""
        return Border(self.program.catalogue)

    @cached_property
    def matcher(self) -> Matcher:
        """The matcher of all segments."""
        return self.matcher_of(self.program.segments)

    def matcher_of(self, names: Collection[str]) -> Matcher:
        """The matcher of some segments. Raises KeyError for a name that is none."""
        segments = [(name, self.program.segments[name]) for name in sorted(names)]
        return Matcher(segments, self._lists, self.program.catalogue.key)

    @cached_property
    def decider(self) -> Decider:
        """What decides; it matches profiles without a history where no membership is handed in."""
        return self.decider_for(())

    def decider_for(self, events: Sequence[Mapping[str, Any]]) -> Decider:
        """As `decider`, for a customer whose canonical events are known."""
        return self._decider.matching(_Membership(self, events))

    @cached_property
    def _decider(self) -> Decider:
        return Decider(self.program, bundle=self.digest, assigner=self._assigner, ports=self._ports)

    def segments(
        self, profile: Mapping[str, Any], events: Sequence[Mapping[str, Any]] = (), *, now: str | None = None
    ) -> list[str]:
        """The sorted names of the segments that a profile with its history is in, both as they came.

        Raises FactsRefusedError when they do not fit the catalogue, or an event is another customer's.
        """
        instant = canonical_instant(now) if now is not None else system_now()
        known = self._profile(profile)
        return self.matcher.match(known, parse_instant(instant), self._history(events, known))

    def decide(  # noqa: PLR0913 - the facts of a decision, each named
        self,
        ruleset: str,
        profile: Mapping[str, Any],
        context: Mapping[str, Any] | None = None,
        *,
        events: Sequence[Mapping[str, Any]] = (),
        event: Mapping[str, Any] | None = None,
        membership: Collection[str] | None = None,
        now: str | None = None,
        decision_id: str | None = None,
        trace: bool = False,
    ) -> Decision:
        """The decision for facts as they came.

        `events` is the customer's history, `event` the one that the decision is about; `membership`, the names of the
        segments that the customer is in, replaces matching. Raises FactsRefusedError and InputRefusedError when they do
        not fit, KeyError for an unknown ruleset.
        """
        if isinstance(membership, str):
            raise FactsRefusedError([Problem("membership", "expected a collection of names, found text")])
        if context is not None and not isinstance(context, Mapping):
            raise FactsRefusedError([Problem("context", f"expected an object, found {kind_of(context)}")])
        if decision_id is not None and (problems := self.border.decision_id(decision_id)[1]):
            raise FactsRefusedError(problems)
        known = self._profile(profile)
        decider = self.decider_for(self._history(events, known)) if events else self.decider
        return decider.decide(
            ruleset,
            known,
            context or {},
            event=self._history([event], known)[0] if event is not None else None,
            now=canonical_instant(now) if now is not None else system_now(),
            decision_id=decision_id,
            membership=membership,
            trace=trace,
        )

    def _profile(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        profile, problems = self.border.profile(raw)
        if profile is None:
            raise FactsRefusedError(problems)
        return profile

    def _history(self, raw: Sequence[Mapping[str, Any]], profile: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The customer's canonical events by time; ties keep the order in which they came."""
        key = self.program.catalogue.key
        events: list[dict[str, Any]] = []
        for each in raw:
            event, problems = self.border.event(each)
            if event is None:
                raise FactsRefusedError(problems)
            if event[key] != profile[key]:
                raise FactsRefusedError([Problem(key, "is another customer's than the profile's")])
            events.append(event)
        return sorted(events, key=lambda event: str(event["time"]))

    def single(self, name: str) -> Matcher:
        """The matcher of one segment."""
        if name not in self._single:
            self._single[name] = self.matcher_of([name])
        return self._single[name]


class _Membership:
    """Segments of a customer by matching the profile and a history."""

    __slots__ = ("_events", "_runtime")

    def __init__(self, runtime: Runtime, events: Sequence[Mapping[str, Any]]) -> None:
        self._runtime = runtime
        self._events = events

    def holds(self, segment: str, profile: Mapping[str, Any], now: str) -> bool:
        """Whether the customer is in one segment."""
        return bool(self._runtime.single(segment).match(profile, parse_instant(now), self._events))

    def match(self, profile: Mapping[str, Any], now: str) -> Collection[str]:
        """All segments that the customer is in."""
        return self._runtime.matcher.match(profile, parse_instant(now), self._events)
