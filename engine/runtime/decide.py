"""Deciding: facts in, a decision record out, everything from outside as values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from ..ir.program import Program
from ..nodes.kind import NodeKinds
from ..nodes.kinds import NODE_KINDS
from .border import UNDECLARED, Problem, Reader, read_object, readers_of
from .clock import new_decision_id, system_now
from .codegen.functions import Function, Functions, Plan, Run
from .drivers import FOREVER, Steps, drive, drive_async, drive_batch, replay
from .membership import AT_ONCE, Given, Matched, MatchedAtOnce
from .ports import Assigner, Ports, SegmentMatcher
from .record import Log

Decision: TypeAlias = dict[str, Any]
"""A decision record, plain JSON data.

`decision_id`, `now`, the customer under the key's name, `ruleset`, `output`, `path` (each node and its outcome),
`segments` (each one asked for and the answer), `experiments`, `bandits`, `models`, `bundle`; where there are any,
`membership` ("given" or "matched"), `tape`, `writes` and `trace`.
"""

_NONE: Mapping[str, Any] = {}


class InputRefusedError(ValueError):
    """The context or the event is not what the ruleset declares; `problems` say where."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.message}" for problem in problems))
        self.problems = tuple(problems)


class Request(NamedTuple):
    """What one decision is made of: a ruleset's name, a canonical profile, a context as it came.

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


_Begun: TypeAlias = tuple[Any, ...]
"""Profile, context, event, now, membership test, path, trace and log: the parameters of a generated function."""


@dataclass(slots=True, eq=False, repr=False)
class _Entry:
    """A ruleset as the decider runs it; `alone`: it needs no log and no segments."""

    name: str
    function: Function
    run: Run
    context: Mapping[str, Reader]
    plan: Plan | None
    matched: type[Matched] | None
    alone: bool
    about: str | None
    """The event type that decisions may be about."""
    traced: Run | None = None

    def trace(self) -> Run:
        """The function that also traces, made the first time."""
        self.traced = self.function.run(tracing=True)
        return self.traced


class _Entries(dict[str, _Entry]):
    """Every ruleset that was asked for, made the first time; KeyError for an unknown one."""

    __slots__ = ("_functions",)

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def __missing__(self, ruleset: str) -> _Entry:
        function = self._functions.of(ruleset)
        matched = None
        if function.segments:
            matched = MatchedAtOnce if len(function.segments) >= AT_ONCE else Matched
        plan = self._functions.plan(function) if function.asks else None
        alone = not (function.logs or function.segments)
        readers = readers_of(function.ruleset.context)
        entry = _Entry(ruleset, function, function.run(), readers, plan, matched, alone, function.ruleset.event)
        self[ruleset] = entry
        return entry


class Decider:
    """Decides by the rulesets of one program; safe to share between threads.

    `bundle` is the program's digest. What is not there answers as the program declares: without `matcher` nobody is in
    any segment that was not handed in, without `assigner` nobody is in an experiment, and so on.
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
        """Make every ruleset's functions now, the traced ones too, rather than at its first decision."""
        for ruleset in self.program.rulesets:
            self._entries[ruleset].trace()  # looking an entry up makes it

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
        if entry.alone and trace:
            return self._alone_traced(entry, profile, context, event, now, decision_id)
        if entry.alone:
            return self._alone(entry, profile, context, event, now, decision_id)
        request = Request(ruleset, profile, context, event, now, decision_id, membership, forced, trace)
        if entry.function.asks:
            return drive(self._steps(entry, request, planned=True), self.ports, deadline)
        return self._plain(entry, request)

    def _alone(
        self,
        entry: _Entry,
        profile: Mapping[str, Any],
        context: Mapping[str, Any],
        event: Mapping[str, Any] | None,
        now: str | None,
        decision_id: str | None,
    ) -> Decision:
        """The decision of a ruleset that needs nothing but its facts; the way of `_plain`, without its detours."""
        facts = self._context(entry, context) if context else _NONE
        known = self._event(entry, event) if event else _NONE
        instant = now or self._clock()
        path: list[Any] = []
        output = entry.run(profile, facts, known, instant, None, path, None, None)
        return {
            "decision_id": decision_id or new_decision_id(),
            "now": instant,
            self._key: profile.get(self._key),
            "ruleset": entry.name,
            "output": output,
            "path": path,
            "segments": {},
            "experiments": [],
            "bandits": [],
            "models": [],
            "bundle": self.bundle,
        }

    def _alone_traced(
        self,
        entry: _Entry,
        profile: Mapping[str, Any],
        context: Mapping[str, Any],
        event: Mapping[str, Any] | None,
        now: str | None,
        decision_id: str | None,
    ) -> Decision:
        """As `_alone`, with what each node looked at; a key in the literal costs half of one that is added to it."""
        facts = self._context(entry, context) if context else _NONE
        known = self._event(entry, event) if event else _NONE
        instant = now or self._clock()
        path: list[Any] = []
        trace: list[Any] = []
        run = entry.traced or entry.trace()
        output = run(profile, facts, known, instant, None, path, trace, None)
        return {
            "decision_id": decision_id or new_decision_id(),
            "now": instant,
            self._key: profile.get(self._key),
            "ruleset": entry.name,
            "output": output,
            "path": path,
            "segments": {},
            "experiments": [],
            "bandits": [],
            "models": [],
            "bundle": self.bundle,
            "trace": trace,
        }

    async def decide_async(self, request: Request, deadline: float = FOREVER) -> Decision:
        """The decision, needs answered by the asyncio driver."""
        entry = self._entries[request.ruleset]
        if entry.function.asks:
            return await drive_async(self._steps(entry, request, planned=True), self.ports, deadline)
        return self._plain(entry, request)

    def decide_batch(
        self, requests: Iterable[Request], deadline: float = FOREVER
    ) -> Iterator[Decision | InputRefusedError]:
        """The decisions in their order, needs of many gathered into one call.

        In the place of a request that is refused stands the refusal, so that the others are decided nonetheless.
        """
        return drive_batch((self._refusable(request) for request in requests), self.ports, deadline)

    def _refusable(self, request: Request) -> Steps[Decision | InputRefusedError]:
        if request.ruleset not in self.program.rulesets:
            return InputRefusedError([Problem("ruleset", "is no ruleset of this bundle")])
        try:
            return (yield from self.steps(request))
        except InputRefusedError as refused:
            return refused

    def replay(self, request: Request, tape: Sequence[Mapping[str, Any]]) -> Decision:
        """The decision again from its input, its id included, and its tape. Raises TapeError for another's tape."""
        entry = self._entries[request.ruleset]
        asks = entry.function.asks
        return replay(self._steps(entry, request, planned=False) if asks else self._at_once(entry, request), tape)

    def steps(self, request: Request) -> Steps[Decision]:
        """The decision as steps for a driver of one's own."""
        entry = self._entries[request.ruleset]
        if entry.function.asks:
            return self._steps(entry, request, planned=True)
        return self._at_once(entry, request)

    def _at_once(self, entry: _Entry, request: Request) -> Steps[Decision]:
        yield from ()  # what makes it a generator
        return self._plain(entry, request)

    def _plain(self, entry: _Entry, request: Request) -> Decision:
        begun, segments, decision_id = self._begin(entry, request)
        run = (entry.traced or entry.trace()) if request.trace else entry.run
        output = run(*begun)
        return self._record(request, begun, segments, decision_id, output)

    def _steps(self, entry: _Entry, request: Request, *, planned: bool) -> Steps[Decision]:
        begun, segments, decision_id = self._begin(entry, request)
        log = begun[-1]
        if planned and entry.plan is not None:
            needs = log.unanswered(entry.plan(*begun[:4]))
            if needs:
                log.answered(needs, (yield needs))
        run = (entry.traced or entry.trace()) if request.trace else entry.run
        output = yield from run(*begun)
        return self._record(request, begun, segments, decision_id, output)

    def _begin(self, entry: _Entry, request: Request) -> tuple[_Begun, dict[str, bool], str]:
        """The arguments of a generated function, the answers about segments, and the decision's id."""
        _, profile, context, event, now, decision_id, membership, forced, trace = request
        now = now or self._clock()
        decision_id = decision_id or new_decision_id()
        if context:
            context = self._context(entry, context)
        if event:
            event = self._event(entry, event)
        segments: dict[str, bool] = {}
        if membership is not None:
            segments = Given(membership)
        elif entry.matched is not None:
            segments = Given(()) if self._matcher is None else entry.matched(self._matcher, profile, now)
        log = Log(decision_id, now, self._assigner, forced) if entry.function.logs else None
        traced: list[Any] | None = [] if trace else None
        begun: _Begun = (profile, context, event or _NONE, now, segments.__getitem__, [], traced, log)
        return begun, segments, decision_id

    @staticmethod
    def _context(entry: _Entry, context: Mapping[str, Any]) -> Mapping[str, Any]:
        problems: list[Problem] = []
        found = read_object(entry.context, context, "context.", problems)
        if problems:
            own = "is not declared in the ruleset's context"
            raise InputRefusedError(
                [Problem(each.path, own) if each.message == UNDECLARED else each for each in problems]
            )
        return found or _NONE

    @staticmethod
    def _event(entry: _Entry, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """The event that the decision is about; a ruleset that declares none looks at none."""
        if entry.about is None:
            return _NONE
        if event.get("type") != entry.about:
            raise InputRefusedError(
                [Problem("event.type", f"expected `{entry.about}`, about which the ruleset decides")]
            )
        return event

    def _record(
        self, request: Request, begun: _Begun, segments: dict[str, bool], decision_id: str, output: dict[str, Any]
    ) -> Decision:
        profile, _, _, now, _, path, trace, log = begun
        decision: Decision = {
            "decision_id": decision_id,
            "now": now,
            self._key: profile.get(self._key),
            "ruleset": request.ruleset,
            "output": output,
            "path": path,
            "segments": dict(segments) if segments else {},
            "experiments": [] if log is None else log.experiments,
            "bandits": [] if log is None else log.bandits,
            "models": [] if log is None else log.models,
            "bundle": self.bundle,
        }
        if segments:
            decision["membership"] = "matched" if request.membership is None else "given"
        if log is not None and log.tape:
            decision["tape"] = log.tape
        if log is not None and log.writes:
            decision["writes"] = log.writes
        if trace is not None:
            decision["trace"] = trace
        return decision
