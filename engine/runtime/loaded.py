"""A program ready to run: the border, the matcher and the decider, each created on first use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..ir.instant import parse_instant
from ..ir.program import Program
from ..nodes.kind import NodeKinds
from ..nodes.kinds import NODE_KINDS
from .border import Border, Refusal
from .carry_out import carry_out, carry_out_async
from .clock import system_now
from .decide import Decider, InputRefusedError, Request
from .decision import Decision
from .drivers import FOREVER, TOGETHER, Steps, drive, drive_async, drive_batch
from .intake import FactsRefusedError, Intake, instant_of
from .matcher import Matcher
from .matcher.moment import Event
from .ports import Assigner, Ports

if TYPE_CHECKING:
    from .fold import Folding


class Runtime:
    """Everything that runs of one program, safe to share between threads; `digest` is its bundle's, if any."""

    def __init__(
        self,
        program: Program,
        digest: str = "",
        *,
        assigner: Assigner | None = None,
        ports: Ports | None = None,
        kinds: NodeKinds = NODE_KINDS,
    ) -> None:
        self.program = program
        self.digest = digest
        self._assigner = assigner
        self._ports = ports
        self._kinds = kinds
        self._lists = {name: frozenset(members) for name, members in program.lists.items()}
        self._single: dict[str, Matcher] = {}

    def prepare(self) -> None:
        """Create now what the first request would otherwise create, so that errors appear early. Raises DecodeError."""
        _ = self.border, self.matcher
        self.decider.prepare()

    @cached_property
    def border(self) -> Border:
        """What turns raw profiles and events into canonical ones."""
        return Border(self.program.catalogue)

    @cached_property
    def intake(self) -> Intake:
        """What takes in the facts of a request."""
        return Intake(self.border, self.folding)

    @cached_property
    def folding(self) -> Folding:
        """How profiles follow from events."""
        from .fold import Folding  # not before it is needed: importing the runtime is to be quick

        return Folding(self.program.catalogue)

    def read(
        self, raw: Any, now_ms: int, events_of: Callable[[str], Sequence[Event]] | None = None
    ) -> tuple[dict[str, Any] | None, Sequence[Event], list[Refusal]]:
        """The canonical profile as of now, the canonical events and no problems; or None, no events and the problems.

        `events_of` gives the canonical events of a customer in event order. Where it is given, the profile follows from
        them, even if there are none; otherwise it is as stated.
        """
        if events_of is None:
            profile, problems = self.border.profile(raw)
            return None if profile is None else self.folding.without_events(profile), (), problems
        stated, problems = self.border.profile_with_events(raw)
        if stated is None:
            return None, (), problems
        events = events_of(stated[self.border.key])
        return self.folding.over(stated, events, now_ms), events, problems

    @cached_property
    def matcher(self) -> Matcher:
        """The matcher of all segments."""
        return self.matcher_of(self.program.segments)

    def matcher_of(self, names: Collection[str]) -> Matcher:
        """The matcher of some segments. Raises KeyError for an unknown name."""
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
        return Decider(self.program, bundle=self.digest, assigner=self._assigner, ports=self._ports, kinds=self._kinds)

    def newcomer(self, customer: str, now_ms: int) -> tuple[dict[str, Any], list[str]]:
        """The canonical profile and the sorted segments of a customer who was never seen."""
        profile = self.folding.profile(customer, (), now_ms)
        return profile, self.matcher.match(profile, now_ms)

    def segments(
        self, profile: Mapping[str, Any], events: Sequence[Mapping[str, Any]] = (), *, now: str | None = None
    ) -> list[str]:
        """The sorted names of the segments that a profile with its history is in, both as they came.

        Where there are events, the profile follows from them as a worker folds it, and must not state a field that is
        computed from events. Raises FactsRefusedError when they do not fit the catalogue, or an event is another
        customer's.
        """
        instant = system_now() if now is None else instant_of(now)
        facts = self.intake.facts({"profile": profile, "events": events}, instant)
        return self.matcher.match(facts.profile, parse_instant(instant), facts.events)

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
        deadline: float = FOREVER,
    ) -> Decision:
        """The decision for facts as they came; what it writes is carried out, where there is a port for writes.

        `events` is the customer's history, from which the profile follows as in `segments`; `event` is the one that the
        decision is about, and no part of the history unless it is among `events`; `membership`, the names of the
        segments that the customer is in, replaces matching. `deadline` is in monotonic seconds. Raises
        FactsRefusedError and InputRefusedError when the facts do not fit, KeyError for an unknown ruleset.
        """
        raw = _input(profile, context, events, event, membership, decision_id)
        decider, request = self._request(ruleset, raw, now, trace=trace)
        decision = drive(decider.steps(request), decider.ports, deadline)
        return carry_out([decision], decider.ports, deadline)[0]

    async def decide_async(  # noqa: PLR0913 - as `decide`
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
        deadline: float = FOREVER,
    ) -> Decision:
        """Like `decide`, inside an event loop: ports are awaited, or asked in threads where they block."""
        raw = _input(profile, context, events, event, membership, decision_id)
        decider, request = self._request(ruleset, raw, now, trace=trace)
        decision = await drive_async(decider.steps(request), decider.ports, deadline)
        return await carry_out_async(decision, decider.ports, deadline)

    def decide_many(
        self,
        ruleset: str,
        inputs: Iterable[Any],
        *,
        now: str | None = None,
        trace: bool = False,
        deadline: float = FOREVER,
    ) -> Iterator[Decision | FactsRefusedError | InputRefusedError]:
        """The decisions for inputs as `Intake.facts` reads them, in their order; needs are answered for many at once.

        In the place of an input that does not fit stands the refusal, so that the others are decided nonetheless.
        Raises FactsRefusedError for `now`, KeyError for an unknown ruleset.
        """
        if ruleset not in self.program.rulesets:
            raise KeyError(ruleset)
        instant = None if now is None else instant_of(now)
        return self._decide_inputs(ruleset, inputs, instant, deadline, trace=trace)

    def _decide_inputs(
        self, ruleset: str, inputs: Iterable[Any], now: str | None, deadline: float, *, trace: bool
    ) -> Iterator[Decision | FactsRefusedError | InputRefusedError]:
        def steps(raw: Any) -> Steps[Decision | FactsRefusedError | InputRefusedError]:
            try:
                decider, request = self._request(ruleset, raw, now, trace=trace)
                return (yield from decider.steps(request))
            except (FactsRefusedError, InputRefusedError) as refused:
                return refused

        ports, waiting = self.decider.ports, iter(inputs)
        while chunk := list(islice(waiting, TOGETHER)):
            found = list(drive_batch(map(steps, chunk), ports, deadline))
            carried = iter(carry_out([each for each in found if isinstance(each, Decision)], ports, deadline))
            yield from (next(carried) if isinstance(each, Decision) else each for each in found)

    def _request(self, ruleset: str, raw: Any, now: str | None, *, trace: bool) -> tuple[Decider, Request]:
        """What decides for an input, and the request that it decides."""
        instant = system_now() if now is None else instant_of(now)
        facts = self.intake.facts(raw, instant)
        decider = self.decider_for(facts.events) if facts.events else self.decider
        known = (facts.profile, facts.context, facts.event, instant, facts.decision_id, facts.membership)
        return decider, Request(ruleset, *known, trace=trace)

    def single(self, name: str) -> Matcher:
        """The matcher of one segment."""
        if name not in self._single:
            self._single[name] = self.matcher_of([name])
        return self._single[name]


def _input(
    profile: Mapping[str, Any],
    context: Mapping[str, Any] | None,
    events: Sequence[Mapping[str, Any]],
    event: Mapping[str, Any] | None,
    membership: Collection[str] | None,
    decision_id: str | None,
) -> dict[str, Any]:
    """The facts as one input."""
    known = {"profile": profile, "context": context, "events": events, "event": event}
    return {**known, "membership": membership, "decision_id": decision_id}


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
