"""Deciding: facts in, a decision out, everything from outside as values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..ir.codec import DecodeError
from ..ir.program import Program
from ..nodes.kind import NodeKinds
from ..nodes.kinds import NODE_KINDS
from .border import UNDECLARED, Reader, Refusal, read_object, readers_of
from .clock import new_decision_id, system_now
from .codegen.functions import Function, Functions, Plan, Run
from .decision import Decision, Entry
from .drivers import FOREVER, Steps, drive, drive_async, drive_batch, replay
from .membership import AT_ONCE, Given, Matched, MatchedAtOnce
from .ports import Assigner, Ports, SegmentMatcher
from .record import Log

_NONE: Mapping[str, Any] = {}
_decision = tuple.__new__  # makes a Decision in half the time that its own constructor takes


class InputRefusedError(ValueError):
    """The context or the event differs from what the ruleset declares; `problems` say where."""

    def __init__(self, problems: Sequence[Refusal]) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.message}" for problem in problems))
        self.problems = tuple(problems)


class Request(NamedTuple):
    """The input of one decision: a ruleset's name, a canonical profile, a context as received.

    `event` is a canonical event. `membership` are the segments that the customer is in, overrides included; without it
    the profile is matched. `forced` names arms of experiments that override assignment. `now` is a canonical instant.
    """

    ruleset: str
    profile: Mapping[str, Any]
    context: Mapping[str, Any] = _NONE
    event: Mapping[str, Any] | None = None
    now: str | None = None
    decision_id: str | None = None
    membership: Collection[str] | None = None
    forced: Mapping[str, str] = _NONE
    trace: bool = False


@dataclass(slots=True, eq=False, repr=False)
class _Entry:
    """A ruleset as the decider runs it."""

    name: str
    function: Function
    run: Run
    asks: bool
    logs: bool
    context: Mapping[str, Reader]
    plan: Plan | None
    matched: type[Matched] | None
    about: str | None
    """The event type that decisions may be about."""
    traced: Run | None = None

    def trace(self) -> Run:
        """The function that also traces, made the first time."""
        self.traced = self.traced or self.function.run(tracing=True)
        return self.traced


class _Entries(dict[str, _Entry]):
    """The rulesets used so far, each prepared on first use; KeyError for an unknown one."""

    __slots__ = ("_functions",)

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def __missing__(self, ruleset: str) -> _Entry:
        function = self._functions.of(ruleset)
        matched = None
        if function.segments:
            matched = MatchedAtOnce if len(function.segments) >= AT_ONCE else Matched
        plan = self._functions.plan(function) if function.asks else None
        readers = readers_of(function.ruleset.context)
        run, about = function.run(), function.ruleset.event
        entry = _Entry(ruleset, function, run, function.asks, function.logs, readers, plan, matched, about)
        self[ruleset] = entry
        return entry


class Decider:
    """Decides by the rulesets of one program; safe to share between threads.

    `bundle` is the program's digest. Missing parts answer as the program declares: without `matcher`, a customer
    is only in segments that were given; without `assigner`, no customer is in an experiment; and so on.
    """

    def __init__(  # noqa: PLR0913 - what a decider works with, each named
        self,
        program: Program,
        *,
        bundle: str = "",
        matcher: SegmentMatcher | None = None,
        assigner: Assigner | None = None,
        ports: Ports | None = None,
        clock: Callable[[], str] = system_now,
        kinds: NodeKinds = NODE_KINDS,
    ) -> None:
        self.program = program
        self.bundle = bundle
        self.ports = ports or Ports()
        self._matcher = matcher
        self._assigner = assigner
        self._clock = clock
        self._key = program.catalogue.key
        self._entries = _Entries(Functions(program.rulesets, program.experiments, program.catalogue, kinds))

    def matching(self, matcher: SegmentMatcher) -> Decider:
        """The same with another matcher, for instance one that knows a customer's history; costs next to nothing."""
        other = copy(self)
        other._matcher = matcher  # noqa: SLF001 - one of its own
        return other

    def prepare(self) -> None:
        """Generate every ruleset's functions now, including traced ones, instead of at its first decision.

        Raises DecodeError, with the ruleset's name, for one from which no functions can be generated.
        """
        for ruleset in self.program.rulesets:
            try:
                self._entries[ruleset].trace()  # looking an entry up makes it
            except DecodeError:
                raise
            except Exception as problem:
                raise DecodeError(f"the ruleset `{ruleset}` is invalid ({type(problem).__name__})") from problem

    def decide(  # noqa: PLR0913 - the facts of a decision, each named
        self,
        ruleset: str,
        profile: Mapping[str, Any],
        context: Mapping[str, Any] = _NONE,
        *,
        event: Mapping[str, Any] | None = None,
        now: str | None = None,
        decision_id: str | None = None,
        membership: Collection[str] | None = None,
        forced: Mapping[str, str] = _NONE,
        trace: bool = False,
        deadline: float = FOREVER,
    ) -> Decision:
        """The decision, needs answered by the synchronous driver; see `Request` for what is given.

        Raises KeyError for an unknown ruleset and InputRefusedError for a context of another shape or an event of
        another type.
        """
        entry = self._entries[ruleset]
        if entry.asks:
            request = Request(ruleset, profile, context, event, now, decision_id, membership, forced, trace)
            return drive(self._steps(entry, request), self.ports, deadline)
        return self._plain(entry, profile, context, event, now, decision_id, membership, forced, trace)

    async def decide_async(self, request: Request, deadline: float = FOREVER) -> Decision:
        """The decision, needs answered by the asyncio driver."""
        entry = self._entries[request.ruleset]
        if entry.asks:
            return await drive_async(self._steps(entry, request), self.ports, deadline)
        return self._plain(entry, *request[1:])

    def decide_batch(
        self, requests: Iterable[Request], deadline: float = FOREVER
    ) -> Iterator[Decision | InputRefusedError]:
        """The decisions in their order, needs of many gathered into one call.

        A refused request yields its refusal in its place, so that the others are still decided.
        """
        return drive_batch((self._refusable(request) for request in requests), self.ports, deadline)

    def _refusable(self, request: Request) -> Steps[Decision | InputRefusedError]:
        if request.ruleset not in self.program.rulesets:
            return InputRefusedError([Refusal("ruleset", "is not a ruleset of this bundle")])
        try:
            return (yield from self.steps(request))
        except InputRefusedError as refused:
            return refused

    def replay(self, request: Request, tape: Sequence[Mapping[str, Any]]) -> Decision:
        """The decision again from its input, its id included, and its tape. Raises TapeError for another's tape."""
        return replay(self._steps(self._entries[request.ruleset], request, planned=False), tape)

    def steps(self, request: Request) -> Steps[Decision]:
        """The decision as steps for a driver of one's own."""
        return self._steps(self._entries[request.ruleset], request)

    def _plain(  # noqa: PLR0913, PLR0917 - on the way of every decision; a value that holds them costs a tenth of it
        self,
        entry: _Entry,
        profile: Mapping[str, Any],
        context: Mapping[str, Any],
        event: Mapping[str, Any] | None,
        now: str | None,
        decision_id: str | None,
        membership: Collection[str] | None,
        forced: Mapping[str, str],
        trace: bool,  # noqa: FBT001 - as it stands in a Request
    ) -> Decision:
        """The decision of a ruleset that needs nothing from outside."""
        now, decision_id = now or self._clock(), decision_id or new_decision_id()
        context, event, segments, log = self._begin(
            entry, profile, context, event, now, decision_id, membership, forced
        )
        member = None if segments is None else segments.__getitem__
        path: list[Entry] = []
        traced: list[Entry] | None = [] if trace else None
        run = entry.trace() if trace else entry.run
        output = run(profile, context, event, now, member, path, traced, log)
        return self._finish(entry, profile, now, decision_id, membership, output, path, traced, segments, log)

    def _steps(self, entry: _Entry, request: Request, *, planned: bool = True) -> Steps[Decision]:
        """The decision as steps; the needs that are `planned` are yielded before the first node."""
        if not entry.asks:
            return self._plain(entry, *request[1:])
        _, profile, context, event, now, decision_id, membership, forced, trace = request
        now, decision_id = now or self._clock(), decision_id or new_decision_id()
        context, event, segments, log = self._begin(
            entry, profile, context, event, now, decision_id, membership, forced
        )
        if planned and entry.plan is not None and log is not None:
            needs = log.unanswered_needs(entry.plan(profile, context, event, now))
            if needs:
                log.store_answers(needs, (yield needs))
        member = None if segments is None else segments.__getitem__
        path: list[Entry] = []
        traced: list[Entry] | None = [] if trace else None
        run = entry.trace() if trace else entry.run
        output = yield from run(profile, context, event, now, member, path, traced, log)
        return self._finish(entry, profile, now, decision_id, membership, output, path, traced, segments, log)

    def _begin(  # noqa: PLR0913, PLR0917 - as `_plain`
        self,
        entry: _Entry,
        profile: Mapping[str, Any],
        context: Mapping[str, Any],
        event: Mapping[str, Any] | None,
        now: str,
        decision_id: str,
        membership: Collection[str] | None,
        forced: Mapping[str, str],
    ) -> tuple[Mapping[str, Any], Mapping[str, Any], dict[str, bool] | None, Log | None]:
        """The context and the event as the ruleset's function takes them; answers about segments; the log.

        The last two are None where the ruleset needs none.
        """
        segments: dict[str, bool] | None = None
        if entry.matched is not None:
            if membership is not None:
                segments = Given(membership)
            else:
                segments = Given(()) if self._matcher is None else entry.matched(self._matcher, profile, now)
        return (
            self._context(entry, context) if context else _NONE,
            self._event(entry, event) if event else _NONE,
            segments,
            Log(decision_id, now, self._assigner, forced) if entry.logs else None,
        )

    def _finish(  # noqa: PLR0913, PLR0917 - as `_plain`
        self,
        entry: _Entry,
        profile: Mapping[str, Any],
        now: str,
        decision_id: str,
        membership: Collection[str] | None,
        output: Mapping[str, Any],
        path: Sequence[Entry],
        traced: Sequence[Entry] | None,
        segments: Mapping[str, bool] | None,
        log: Log | None,
    ) -> Decision:
        """The decision, from what its function returned and noted."""
        key = self._key
        return _decision(
            Decision,
            (
                decision_id,
                now,
                key,
                profile.get(key),
                entry.name,
                output,
                path,
                dict(segments) if segments else _NONE,
                () if log is None else log.experiments,
                () if log is None else log.bandits,
                () if log is None else log.models,
                self.bundle,
                None if not segments else "matched" if membership is None else "given",
                () if log is None else log.tape,
                () if log is None else tuple(log.writes),
                traced or (),
                (),
            ),
        )

    @staticmethod
    def _context(entry: _Entry, context: Mapping[str, Any]) -> Mapping[str, Any]:
        problems: list[Refusal] = []
        found = read_object(entry.context, context, "context.", problems)
        if problems:
            own = "is not declared in the ruleset's context"
            raise InputRefusedError(
                [Refusal(each.path, own) if each.message == UNDECLARED else each for each in problems]
            )
        return found or _NONE

    @staticmethod
    def _event(entry: _Entry, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """The event that the decision is about; empty for a ruleset that declares none."""
        if entry.about is None:
            return _NONE
        if event.get("type") != entry.about:
            raise InputRefusedError(
                [Refusal("event.type", f"expected `{entry.about}`, about which the ruleset decides")]
            )
        return event
